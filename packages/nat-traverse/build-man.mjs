// The man page from man/nat-traverse.1.md. The list of options comes from the table that the program itself reads.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { manPageText, parseManPage } from "satp-tools/man";
import { options } from "./dist/cli/options.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));

const rows = options.map(({ name, definition: { valueHint, description } }) => {
  const value = valueHint === undefined ? "" : `_${valueHint.toLowerCase()}_`;
  return `| \`--${name}${value === "" ? "" : "="}\`${value} | ${description.charAt(0).toUpperCase()}${description.slice(1)}. |`;
});
const table = ["| option | what |", "|---|---|", ...rows].join("\n");
const page = parseManPage(readFileSync(at("man/nat-traverse.1.md"), "utf8").replace("{{options}}", () => table));

rmSync(at("dist/man"), { recursive: true, force: true });
mkdirSync(at("dist/man"), { recursive: true });
const text = manPageText(page, { date: "2026-11-25", source: `nat-traverse ${version}` });
writeFileSync(at(`dist/man/${page.name}.${page.section}`), text);
