import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutsideError } from "./errors.ts";
import { isFileError } from "./file-error.ts";
import { FileLock } from "./file-lock.ts";

const PREFIX = "mlb-etl-";
const LOCK = "owner.lock";

/** A folder below the system's temporary one. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder for as long as this process needs it: disposing removes it. A killed process leaves its folder behind: the next one that makes a folder removes it. */
export async function openTemporaryFolder(root: string = tmpdir()): Promise<TemporaryFolder> {
  await removeLeftFolders(root);
  const path = await mkdtemp(join(root, PREFIX));
  await FileLock.acquire(join(path, LOCK), { waitMs: 0 });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes the folders whose owner is dead. The lock tells: of another host nobody knows, so what it holds stays. */
async function removeLeftFolders(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(root, name);
    if (await hasDeadOwner(path)) await rm(path, { recursive: true, force: true });
  }
}

async function hasDeadOwner(path: string): Promise<boolean> {
  try {
    // A folder without a lock is being made just now.
    if (!(await readdir(path)).includes(LOCK)) return false;
    await FileLock.acquire(join(path, LOCK), { waitMs: 0 });
    return true;
  } catch (error) {
    if (error instanceof OutsideError && error.code === "lock.held") return false;
    // It belongs to another user, or somebody else has just removed it.
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].some((code) => isFileError(error, code))) return false;
    throw error;
  }
}
