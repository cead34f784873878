/** Pages of docs/ as something that can be run: their code blocks in order. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface CodeBlock {
  /** Language, then what the test makes of it: `sh a`. */
  readonly info: string;
  readonly text: string;
  /** File and line, for errors. */
  readonly place: string;
}

/** Every fenced block of a page. @param name of a file in docs/ */
export function codeBlocks(name: string): CodeBlock[] {
  const lines = readFileSync(fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url)), "utf8").split("\n");
  const blocks: CodeBlock[] = [];
  let open: { info: string; from: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) continue;
    if (open === undefined) {
      open = { info: (fence[1] ?? "").trim(), from: index };
    } else {
      blocks.push({
        info: open.info,
        text: lines.slice(open.from + 1, index).join("\n"),
        place: `${name}:${open.from + 1}`,
      });
      open = undefined;
    }
  }
  return blocks;
}
