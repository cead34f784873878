/** The list of options, final newline included. */
export declare function usageText(): string;
/** What the addon was built for. `process` is one. */
export interface Runtime {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
}
/** Two lines. */
export declare function versionText(version: string, runtime: Runtime): string;
