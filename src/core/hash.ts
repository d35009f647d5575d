import { createHash } from "node:crypto";

/** SHA-256, 64 hexadecimal digits in lower case. A text is hashed as UTF-8. */
export function sha256Hex(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
