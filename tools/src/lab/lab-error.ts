/** What went wrong in the laboratory itself, as opposed to in the programs that run in it. */
export type LabErrorCode = "closed" | "exited" | "missing" | "setup" | "status" | "timeout";

export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LabError";
    this.code = code;
  }
}
