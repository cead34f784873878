/** The version in the package's own package.json, wherever this module was bundled to. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  for (let url = new URL("package.json", import.meta.url); ; url = new URL("../package.json", url)) {
    const version = versionIn(url);
    if (version !== undefined) return version;
    if (url.pathname === "/package.json") return "unknown";
  }
}

function versionIn(url: URL): string | undefined {
  let text: string;
  try {
    text = readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
  const content: unknown = JSON.parse(text);
  if (typeof content !== "object" || content === null || !("name" in content) || !("version" in content))
    return undefined;
  return content.name === "nat-traverse" && typeof content.version === "string" ? content.version : undefined;
}
