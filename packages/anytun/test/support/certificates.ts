/** An authority and certificates of it, made by openssl for one test. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** @param authority another name is another authority */
export function makeCertificate(dir: string, name: string, authority = "ca"): CertificateFiles {
  const at = (file: string): string => join(dir, file);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore", cwd: dir });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const [ca, caKey] = [at(`${authority}.crt`), at(`${authority}.key`)];
  try {
    openssl("x509", "-in", ca, "-noout");
  } catch {
    openssl("req", "-x509", ...newKey, "-keyout", caKey, "-out", ca, "-days", "2", "-subj", `/CN=${authority}`);
  }
  const [key, request, cert] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.crt`)];
  openssl("req", "-new", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
  openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", caKey, "-out", cert, "-days", "2", "-CAcreateserial");
  return { cert, key, ca };
}
