import type { ArgumentSet } from "./argument-set.ts";
export interface StateDirEnvironment {
  readonly uid: number;
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}
/** An absolute directory, or `none`. */
export declare function parseStateDir(args: ArgumentSet, { uid, cwd, variables }: StateDirEnvironment): string;
