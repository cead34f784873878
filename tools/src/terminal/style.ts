// Colours where a person looks, plain text everywhere else.
const coloured: boolean = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";

type Paint = (text: string) => string;
const paint =
  (code: number): Paint =>
  (text: string): string =>
    coloured ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold: Paint = paint(1);
export const dim: Paint = paint(2);
export const red: Paint = paint(31);
export const green: Paint = paint(32);
export const cyan: Paint = paint(36);
