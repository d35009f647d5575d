import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Texts of PEM files. */
export interface Certificates {
  /** Of the authority that signed. */
  readonly root: string;
  /** Of the server, made out to localhost. */
  readonly certificate: string;
  readonly key: string;
  /** Of the server too, for a day that is over. */
  readonly expired: string;
}

/** Whether this machine has `openssl`. */
export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Makes an authority of our own and a server's certificate by it. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  try {
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=Test authority",
      "-keyout",
      "root.key",
      "-out",
      "root.crt",
    );
    openssl(
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
      "-keyout",
      "server.key",
      "-out",
      "server.csr",
    );
    const sign = [
      "x509",
      "-req",
      "-in",
      "server.csr",
      "-CA",
      "root.crt",
      "-CAkey",
      "root.key",
      "-CAcreateserial",
      "-copy_extensions",
      "copy",
    ];
    openssl(...sign, "-days", "2", "-out", "server.crt");
    openssl(...sign, "-days", "-1", "-out", "expired.crt");
    return { root: read("root.crt"), certificate: read("server.crt"), key: read("server.key"), expired: read("expired.crt") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
