// Man pages from man/*.md. The list of options comes from the table that the program itself reads.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { manPageText, parseManPage } from "satp-tools/man";
import { anytunOptions, spellings } from "./dist/modules/cli/options.js";
import { configOptions, controldOptions } from "./dist/modules/cli/programs.js";

/** Options by the page whose {{options}} they fill. */
const tables = {
  "anytun.8.md": anytunOptions,
  "anytun-config.8.md": configOptions,
  "anytun-controld.8.md": controldOptions,
};

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));

rmSync(at("dist/man"), { recursive: true, force: true });
mkdirSync(at("dist/man"), { recursive: true });
for (const file of readdirSync(at("man"))) {
  const page = parseManPage(
    readFileSync(at(`man/${file}`), "utf8").replace("{{options}}", () => optionTable(tables[file])),
  );
  const text = manPageText(page, { date: "2026-11-25", source: `anytun ${version}` });
  writeFileSync(at(`dist/man/${page.name}.${page.section}`), text);
}

function optionTable({ options }) {
  const rows = options.map((option) => {
    const names = spellings(option).map((spelling) => `\`${spelling}\``);
    const { valueHint = "", description } = option.definition;
    return `| ${names.join(", ")} ${markdown(valueHint.replaceAll("..", "..."))} | ${markdown(sentence(description))} |`;
  });
  return ["| option | what |", "|---|---|", ...rows].join("\n");
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Text of the table as a cell: what is replaced stands between < and >. */
function markdown(text) {
  return text.replace(/[|*_[\]`]/g, "\\$&").replace(/<([^>]+)>/g, "_$1_");
}
