/** The version in the package's own package.json, wherever this module was bundled to. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function packageVersion(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const version = versionIn(join(folder, "package.json"));
    if (version !== undefined) return version;
    if (folder === "/") return "unknown";
  }
}

function versionIn(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const content: unknown = JSON.parse(text);
  if (typeof content !== "object" || content === null || !("name" in content) || !("version" in content))
    return undefined;
  return content.name === "anytun" && typeof content.version === "string" ? content.version : undefined;
}
