/** `anytun install-units`: what systemd needs to run tunnels, with the paths of this installation. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { errorCode, errorText } from "../error-text.ts";
import { AnytunError, quoted, UsageError } from "../errors.ts";

const USAGE = `USAGE:
anytun install-units
   [-h|--help]                         show this list and end
   [--root] <dir>                      write below this directory instead of /
   [--without-root]                    tunnels run as user anytun from the start
   [--remove]                          take the files away again
`;

const STDOUT = 1;
/** First line of every file that this command may replace or remove. */
const MARK = "# written by: anytun install-units";

interface Piece {
  /** In the package's folder `systemd`. */
  readonly source: string;
  /** Below the root. */
  readonly target: string;
  readonly mode: number;
}

const UNITS = "etc/systemd/system";
const PIECES: readonly Piece[] = [
  { source: "anytun.service", target: `${UNITS}/anytun.service`, mode: 0o644 },
  { source: "anytun@.service", target: `${UNITS}/anytun@.service`, mode: 0o644 },
  { source: "anytun-controld@.service", target: `${UNITS}/anytun-controld@.service`, mode: 0o644 },
  { source: "anytun-generator", target: "etc/systemd/system-generators/anytun-generator", mode: 0o755 },
  { source: "tmpfiles.conf", target: "etc/tmpfiles.d/anytun.conf", mode: 0o644 },
  { source: "sysusers.conf", target: "etc/sysusers.d/anytun.conf", mode: 0o644 },
];

const WITHOUT_ROOT: Piece = {
  source: "without-root.conf",
  target: `${UNITS}/anytun@.service.d/without-root.conf`,
  mode: 0o644,
};

/** What the services are to run. */
export interface Installation {
  readonly node: string;
  /** Folder of the package. */
  readonly folder: string;
}

/**
 * @param words behind `install-units`
 * @param tell shows lines to the person
 * @throws UsageError, AnytunError `start` with the path that cannot be written; nothing is half written
 */
export function installUnits(words: readonly string[], installation: Installation, tell: (text: string) => void): void {
  const wish = parseWish(words);
  if (wish.action === "help") {
    writeSync(STDOUT, USAGE);
    return;
  }
  const pathOf = ({ target }: Piece): string => join(wish.root, target);
  const all = [...PIECES, WITHOUT_ROOT];
  for (const piece of all) checkOurs(pathOf(piece));
  if (wish.action === "remove") {
    for (const piece of all) rmSync(pathOf(piece), { force: true });
    tell("removed; then: systemctl daemon-reload");
    return;
  }
  checkVisible(installation);
  const wanted = wish.action === "install-without-root" ? all : PIECES;
  for (const piece of wanted) write(pathOf(piece), unitText(piece, installation), piece.mode);
  if (wish.action === "install") rmSync(pathOf(WITHOUT_ROOT), { force: true });
  tell(`wrote ${wanted.map(pathOf).join(" ")}
   now            systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload
   one tunnel     systemctl enable --now anytun@NAME      runs /etc/anytun/NAME
   or by a list   names into /etc/anytun/autostart, then  systemctl enable --now anytun`);
}

/** The folder that package.json lies in, wherever this module was bundled to. */
export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "systemd", "anytun@.service"))) return folder;
    if (folder === "/") throw new AnytunError("start", "install-units: the package's folder systemd is missing");
  }
}

/** The words of the package's own commands become paths that systemd can run. */
function unitText({ source }: Piece, { node, folder }: Installation): string {
  const text = readFileSync(join(folder, "systemd", source), "utf8").replace(
    /^(Exec(?:Start|Reload)=)(anytun[-a-z]*) /gm,
    (_, start: string, command: string) => {
      return `${start}${unitWord(node)} ${unitWord(join(folder, "dist", `${command}.js`))} `;
    },
  );
  return text.startsWith("#!") ? text.replace("\n", `\n${MARK}\n`) : `${MARK}\n${text}`;
}

/** A word of ExecStart=, with its specifiers and variables taken literally. */
function unitWord(path: string): string {
  const text = path.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}

/** The services see no homes: what lies there cannot be run by them. */
function checkVisible({ node, folder }: Installation): void {
  const hidden = [folder, node].find((path) => /^\/(home|root|run\/user)\//.test(path));
  if (hidden === undefined) return;
  const text = `install-units: ${quoted(hidden)} lies in a home directory, which the services do not see`;
  throw new AnytunError("start", `${text}; expected an installation for all users: npm install --global anytun`);
}

function checkOurs(path: string): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return;
    throw failure(path, error);
  }
  if (text.split("\n", 2).includes(MARK)) return;
  throw new AnytunError("start", `install-units: ${quoted(path)} is somebody else's; move it away first`);
}

function write(path: string, text: string, mode: number): void {
  const draft = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, text);
    chmodSync(draft, mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw failure(path, error);
  }
}

function failure(path: string, error: unknown): AnytunError {
  return new AnytunError("start", `install-units: ${quoted(path)}: ${errorText(error)}`, { cause: error });
}

type Wish = { readonly action: "help" } | { readonly action: Action; readonly root: string };
type Action = "install" | "install-without-root" | "remove";

function parseWish(words: readonly string[]): Wish {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h" },
      root: { type: "string" },
      remove: { type: "boolean" },
      "without-root": { type: "boolean" },
    },
    // what does not fit is told below, in our own words
    strict: false,
    tokens: true,
  });
  let root = "/";
  let action: Action = "install";
  for (const token of tokens) {
    const word = token.kind === "option" ? token.rawName : token.kind === "positional" ? token.value : "--";
    const place = `install-units ${quoted(word)}`;
    if (token.kind === "option" && token.name === "help") return { action: "help" };
    if (token.kind === "option" && token.name === "remove" && token.value === undefined) action = "remove";
    else if (token.kind === "option" && token.name === "without-root" && token.value === undefined) {
      action = "install-without-root";
    } else if (token.kind === "option" && token.name === "root") {
      if (token.value === undefined || token.value === "")
        throw new UsageError(place, undefined, "expected a directory");
      root = resolve(token.value);
    } else throw new UsageError(place, undefined, "unexpected; options are --root, --without-root, --remove and -h");
  }
  return { action, root };
}
