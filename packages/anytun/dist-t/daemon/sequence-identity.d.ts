/** What decides about nonces. */
export interface SequenceIdentity {
  readonly kdPrf: string;
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
  readonly role: string;
  /** 0–65535 */
  readonly senderId: number;
  /** 0–65535 */
  readonly mux: number;
}
/** 32 hexadecimal digits. */
export declare function fingerprint({ kdPrf, masterKey, masterSalt, role, senderId, mux }: SequenceIdentity): string;
