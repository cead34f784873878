// docs/SOAK.md: a section for each part of the long runs, each with the call that wrote it. Parts may be run alone; the
// others' sections then stay as they are.
import { cpus } from "node:os";

export interface Section {
  readonly title: string;
  /** What was wrong; nothing when all is well. */
  readonly faults: readonly string[];
  /** Markdown without the heading. */
  readonly body: string;
}

const head = `# Long runs

Written by \`npm run soak\`; each section says by which call and when. Their short versions are part of \`npm test\`.
`;

/** Call, day and machine of a run that has just ended. */
export function provenance(words: readonly string[]): string {
  const machine = cpus();
  const call = ["npm run soak", ...(words.length === 0 ? [] : ["--", ...words])].join(" ");
  const day = new Date().toISOString().slice(0, 10);
  return `\`${call}\`, ${day}, ${machine[0]?.model.trim() ?? "an unknown processor"}, ${machine.length} cores, Node.js ${process.version}`;
}

/**
 * The text of the document with these sections in place of their earlier ones.
 * @param previous the document as it was, or nothing
 * @param order all titles there may be, in the order of the document
 */
export function soakDocument(
  previous: string,
  sections: readonly Section[],
  order: readonly string[],
  source: string,
): string {
  const texts = sectionTexts(previous);
  for (const { title, faults, body } of sections) {
    const verdict = faults.length === 0 ? "everything held." : `**faults: ${faults.join("; ")}.**`;
    texts.set(title, `## ${title}\n\n${source}: ${verdict}\n\n${body.trimEnd()}`);
  }
  return `${[head.trimEnd(), ...order.flatMap((title) => texts.get(title) ?? [])].join("\n\n")}\n`;
}

/** A section of the document; empty where there is none. */
export function sectionText(document: string, title: string): string {
  return sectionTexts(document).get(title) ?? "";
}

function sectionTexts(document: string): Map<string, string> {
  const texts = document.split(/^(?=## )/m).slice(1);
  return new Map(texts.map((text) => [/^## (.*)/.exec(text)?.[1] ?? "", text.trimEnd()]));
}
