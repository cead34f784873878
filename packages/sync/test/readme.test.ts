import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { present } from "./support/frames.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Contents of the first fenced block of this language. */
function block(language: string): string {
  const readme = readFileSync(path("../README.md"), "utf8");
  return present(readme.split(`\n\`\`\`${language}\n`)[1]?.split("\n```")[0], `${language} block`);
}

it("the example of the README prints what the README says", async () => {
  const bundle = await build({
    stdin: { contents: block("js"), resolveDir: path(".") },
    alias: { "satp-sync": path("../src/index.ts") },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  const [program] = bundle.outputFiles;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-"], {
    input: present(program, "bundle").text,
    encoding: "utf8",
    timeout: 15_000,
  });
  expect(printed.trimEnd()).toBe(block("text"));
});
