/**
 * The Markdown of a man page → roff. What Markdown means here:
 *
 *     # name(8) - one line     title and NAME; once, first
 *     ## SECTION, ### Part     .SH, .SS
 *     `code`, **bold**         bold: what is typed
 *     _word_                   italic: what is replaced
 *     tables of two columns    .TP: the term, then what it means; their head is not shown
 *     lists, code blocks       .IP, .EX
 *
 * Anything else is an error of the build, so that no page loses a sentence.
 */
import { marked, type Token, type Tokens } from "marked";
import { type Face, roffArgument, roffLine, roffLiteral, roffText, type Span } from "./roff.ts";

export interface ManPage {
  readonly name: string;
  readonly section: string;
  readonly summary: string;
  /** What follows the title. */
  readonly tokens: readonly Token[];
}

export interface ManPageOptions {
  /** ISO date in the footer. */
  readonly date: string;
  /** Program and version, in the footer. */
  readonly source: string;
}

/** @throws Error when the first heading is not `name(section) - summary` */
export function parseManPage(markdown: string): ManPage {
  const [title, ...tokens] = marked.lexer(markdown).filter(({ type }) => type !== "space");
  const heading = title?.type === "heading" ? /^([\w-]+)\((\d)\) - (.+)$/.exec(title["text"]) : null;
  const [, name = "", section = "", summary = ""] = heading ?? [];
  if (heading === null) throw new Error("man page: expected a first line like: # name(8) - what it is");
  return { name, section, summary, tokens };
}

/** The page as a file for man(1), final newline included. */
export function manPageText({ name, section, summary, tokens }: ManPage, { date, source }: ManPageOptions): string {
  const title = [name.toUpperCase(), section, date, source].map(roffArgument).join(" ");
  const head = [
    `.TH ${title}`,
    ".SH NAME",
    roffLine([{ text: `${name} - ${summary}`, face: "roman" }]).replace(" - ", " \\- "),
  ];
  const lines = [...head, ...tokens.flatMap(block)];
  // a heading begins a paragraph by itself
  const needed = lines.filter((line, at) => line !== ".PP" || !/^\.S[HS] /.test(lines[at - 1] ?? ""));
  return `${needed.join("\n")}\n`;
}

function block(token: Token): string[] {
  const { type } = token;
  if (isHeading(token)) return heading(token);
  if (isParagraph(token)) return [".PP", ...roffText(inline(token.tokens))];
  if (isCode(token)) return [".PP", ".RS 4", ".EX", ...token.text.split("\n").map(roffLiteral), ".EE", ".RE"];
  if (isList(token)) return list(token);
  if (isTable(token)) return table(token);
  if (type === "space" || type === "html") return [];
  throw new Error(`man page: no rule for ${type}: ${JSON.stringify(token.raw)}`);
}

function heading({ depth, text }: Tokens.Heading): string[] {
  if (depth === 2) return [`.SH ${roffArgument(text.toUpperCase())}`];
  if (depth === 3) return [`.SS ${roffArgument(text)}`];
  throw new Error(`man page: a heading of depth ${depth}: ${text}`);
}

function list({ ordered, items }: Tokens.List): string[] {
  return items.flatMap((item, index) => {
    const [first, ...rest] = item.tokens.filter(({ type }) => type !== "space");
    if (first === undefined || !(isText(first) || isParagraph(first)))
      throw new Error("man page: a list item without text");
    const mark = ordered ? `.IP "${index + 1}." 4` : ".IP \\(bu 3";
    return [mark, ...roffText(inline(first.tokens ?? [])), ...rest.flatMap(block)];
  });
}

function table({ rows }: Tokens.Table): string[] {
  return rows.flatMap(([term, meaning, more]) => {
    if (term === undefined || meaning === undefined || more !== undefined)
      throw new Error("man page: a table needs two columns");
    return [".TP", roffLine(inline(term.tokens)), ...roffText(inline(meaning.tokens))];
  });
}

/** Line ends of the source are blanks: roff fills lines itself. */
function inline(tokens: readonly Token[], face: Face = "roman"): Span[] {
  return tokens.flatMap((token): Span[] => {
    switch (token.type) {
      case "text":
      case "escape":
        return "tokens" in token && token.tokens !== undefined
          ? inline(token.tokens, face)
          : [{ text: plain(token["text"]), face }];
      case "codespan":
        return [{ text: plain(token["text"]), face: "bold" }];
      case "strong":
        return inline(token.tokens ?? [], "bold");
      case "em":
        return inline(token.tokens ?? [], "italic");
      case "link":
        return [...inline(token.tokens ?? [], face), ...linkTarget(token["href"])];
      default:
        throw new Error(`man page: no rule for ${token.type}: ${JSON.stringify(token.raw)}`);
    }
  });
}

/** Addresses are shown, places in the repository are not. */
function linkTarget(href: string): Span[] {
  return /^https?:/.test(href) ? [{ text: ` <${href}>`, face: "roman" }] : [];
}

function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

function isParagraph(token: Token): token is Tokens.Paragraph {
  return token.type === "paragraph";
}

function isText(token: Token): token is Tokens.Text {
  return token.type === "text";
}

function isCode(token: Token): token is Tokens.Code {
  return token.type === "code";
}

function isList(token: Token): token is Tokens.List {
  return token.type === "list";
}

function isTable(token: Token): token is Tokens.Table {
  return token.type === "table";
}
