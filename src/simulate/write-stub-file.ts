import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { StubEnvelope } from "./simulated-stub.ts";
import { stubPath } from "./simulated-stub.ts";

const compress = promisify(gzip);

/**
 * Writes a stub to its place in a stub folder, whole or not at all: somebody who reads at the same time, or after a kill, sees the old
 * file or the new one. The same stub gives the same bytes. Gives their number.
 */
export async function writeStubFile(folder: string, stub: StubEnvelope): Promise<number> {
  const file = join(folder, stubPath(stub));
  await mkdir(dirname(file), { recursive: true });
  const bytes = await compress(JSON.stringify(stub));
  // Not a name that is read as a stub.
  const part = `${file}.${String(process.pid)}.part`;
  await writeFile(part, bytes);
  await rename(part, file);
  return bytes.length;
}
