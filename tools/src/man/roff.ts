/** Text → roff with the macros of man(7). Knows the traps: dots at the start of a line, backslashes, dashes that must stay dashes. */

export type Face = "roman" | "bold" | "italic";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly face: Face;
}

const FONTS = { roman: "", bold: "\\fB", italic: "\\fI" } as const;

/** Longest line of text; a word may be longer. */
const LINE_BYTES = 78;

/** Spans as text, ready to follow a macro. Broken at blanks, which changes nothing of what is shown. */
export function roffText(spans: readonly Span[]): string[] {
  const lines: string[] = [];
  for (const word of roffLine(spans).split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > LINE_BYTES) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(guard);
}

/** Spans in one line, ready to follow another line or a macro. */
export function roffLine(spans: readonly Span[]): string {
  const line = spans
    .filter(({ text }) => text !== "")
    .map(({ text, face }) => {
      const escaped = escapeText(text, face !== "roman");
      return face === "roman" ? escaped : `${FONTS[face]}${escaped}\\fR`;
    })
    .join("");
  return guard(line);
}

/** A line that roff shows as it is. */
export function roffLiteral(text: string): string {
  return guard(escapeText(text, true));
}

/** The argument of a macro. */
export function roffArgument(text: string): string {
  return `"${escapeText(text, false).replaceAll('"', "\\(dq")}"`;
}

/** In what people type, a dash is a minus that can be copied; in prose it may be a hyphen. */
function escapeText(text: string, isTyped: boolean): string {
  const safe = text
    .replaceAll("\\", "\\e")
    .replaceAll("\u00a0", "\\~")
    .replaceAll("…", "\\&...")
    .replaceAll("→", "\\(->")
    .replaceAll("–", "\\(en")
    .replaceAll("≥", "\\(>=")
    .replaceAll("×", "\\(mu")
    .replaceAll("²", "\\(S2")
    .replaceAll("“", "\\(lq")
    .replaceAll("”", "\\(rq");
  const other = /[^\n -~]/.exec(safe)?.[0];
  if (other !== undefined)
    throw new Error(`man page: ${JSON.stringify(other)} has no escape yet in ${JSON.stringify(text)}`);
  const typed = isTyped
    ? safe.replaceAll("-", "\\-").replaceAll("^", "\\(ha").replaceAll("~", "\\(ti").replaceAll("`", "\\(ga")
    : safe;
  return typed.replaceAll("'", isTyped ? "\\(aq" : "\\(cq");
}

function guard(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
