/** --sync-tls-cert, --sync-tls-key, --sync-tls-ca: all three or none. */
import { readFileSync } from "node:fs";
import { type ClusterTls, clusterTls, type TlsMaterial } from "satp-sync";
import type { ArgumentSet } from "../config/argument-set.ts";
import { readSecretFile } from "../config/secret-file.ts";
import { errorText } from "../error-text.ts";
import { UsageError } from "../errors.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

/** The three options of TLS as they were given. */
export function tlsFiles(args: ArgumentSet): TlsFiles {
  return {
    cert: args.last("sync-tls-cert")?.value,
    key: args.last("sync-tls-key")?.value,
    ca: args.last("sync-tls-ca")?.value,
  };
}

/**
 * The content of the files, tried together.
 * @returns undefined when TLS was not asked for
 * @throws UsageError for a file that is missing, cannot be read, or is not what it should be
 */
export function readTlsFiles({ cert, key, ca }: TlsFiles): TlsMaterial | undefined {
  if ((cert ?? key ?? ca) === undefined) return undefined;
  if (cert === undefined) throw missing("--sync-tls-cert");
  if (key === undefined) throw missing("--sync-tls-key");
  if (ca === undefined) throw missing("--sync-tls-ca");
  const material = {
    cert: readPem("--sync-tls-cert", cert),
    // nobody else may read the key: whoever has it is a node of the cluster
    key: readSecretFile("--sync-tls-key", key),
    ca: readPem("--sync-tls-ca", ca),
  };
  try {
    clusterTls(material);
  } catch (error) {
    throw new UsageError("--sync-tls-cert", cert, `${errorText(error)}; expected PEM files that belong together`, {
      cause: error,
    });
  }
  return material;
}

/** The same, ready to be used. */
export function readTls(files: TlsFiles): ClusterTls | undefined {
  const material = readTlsFiles(files);
  return material === undefined ? undefined : clusterTls(material);
}

const SOON_MS = 14 * 86_400_000;

/** A warning when the certificate has ended, or soon does: the others then refuse it. */
export function expiryWarning({ validUntil }: Pick<ClusterTls, "validUntil">, nowMs: number): string | undefined {
  const leftMs = validUntil.getTime() - nowMs;
  if (leftMs > SOON_MS) return undefined;
  const day = validUntil.toISOString().slice(0, 10);
  return `--sync-tls-cert: the certificate ${leftMs > 0 ? "ends" : "ended"} on ${day}; the others refuse it then`;
}

function missing(option: string): UsageError {
  return new UsageError(option, undefined, "missing; TLS needs --sync-tls-cert, --sync-tls-key and --sync-tls-ca");
}

function readPem(option: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(option, path, errorText(error), { cause: error });
  }
}
