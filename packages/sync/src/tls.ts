/**
 * Mutual TLS between nodes. Whoever holds a certificate of the authority is a node of the cluster, and all nodes may know the
 * same; so the chain decides, not the name in it. Use an authority that does nothing else.
 */
import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { SyncError } from "./errors.ts";

/** PEM texts. */
export interface TlsMaterial {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly ca: string | Uint8Array;
}

/** What both ends of a connection need; made by {@link clusterTls}, which has tried it. */
export interface ClusterTls {
  readonly context: SecureContext;
  readonly options: SecureContextOptions;
  /** When the own certificate ends. */
  readonly validUntil: Date;
}

/** @throws SyncError `tls` when one of the three cannot be used, or key and certificate do not belong together */
export function clusterTls({ cert, key, ca }: TlsMaterial): ClusterTls {
  const pem = (part: string | Uint8Array): string | Buffer => (typeof part === "string" ? part : Buffer.from(part));
  const options: SecureContextOptions = { cert: pem(cert), key: pem(key), ca: pem(ca), minVersion: "TLSv1.3" };
  try {
    // an authority that is none would be ignored, and nobody's certificate accepted
    new X509Certificate(pem(ca));
    const { validTo } = new X509Certificate(pem(cert));
    return { context: createSecureContext(options), options, validUntil: new Date(validTo) };
  } catch (error) {
    throw new SyncError("tls", `certificate, key or authority cannot be used: ${tlsReason(error)}`, { cause: error });
  }
}

/** The first byte of what TLS answers to whoever does not speak it. */
const TLS_ALERT = 0x15;

/** Whether a server answers in TLS; no frame begins like this. */
export function isTlsAnswer(chunk: Uint8Array): boolean {
  return chunk[0] === TLS_ALERT && (chunk[1] === undefined || chunk[1] === 3);
}

/** Whether the other end said something that is no TLS at all, such as a frame. */
export function isNoTls(error: Error): boolean {
  return ["wrong version number", "http request", "packet length too long"].includes(tlsReason(error));
}

/** Why a server ended a connection on which it said nothing at all. */
export function silenceReason(isTls: boolean): string {
  // with TLS 1.3 a certificate is refused when the client already believes to be connected
  return isTls
    ? "closed before it said anything: it may not accept this certificate"
    : "closed before it said anything: it may expect TLS";
}

/** OpenSSL's own words, without numbers and source files around them. */
export function tlsReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return error.message.trim();
}
