import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, pid } from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, OutsideError } from "./errors.ts";
import { FileLock } from "./file-lock.ts";
import type { LockHolder } from "./file-lock.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "file-lock-"));
  path = join(folder, "lock");
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The pid of a process that has ended. */
function deadPid(): number {
  return spawnSync(execPath, ["-e", ""]).pid;
}

async function writeLock(holder: Partial<LockHolder>): Promise<void> {
  const token = "00000000-0000-4000-8000-000000000000";
  await writeFile(
    path,
    JSON.stringify({ pid: deadPid(), host: hostname(), started: null, since: "2024-07-13T04:19:09.000000Z", token, ...holder }),
  );
}

describe("a file lock", () => {
  test("is a file while it is held and gone afterwards", async () => {
    {
      await using lock = await FileLock.acquire(path, { waitMs: 0 });
      expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ ...lock.holder });
      expect(lock.holder.pid).toBe(pid);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test("is given back when the work throws", async () => {
    const work = async (): Promise<void> => {
      await using lock = await FileLock.acquire(path, { waitMs: 0 });
      throw new Error(`with ${lock.path}`);
    };
    await expect(work()).rejects.toThrow("with ");
    expect(await readdir(folder)).toEqual([]);
  });

  test("held by a living process is refused after the wait, with its pid and since when", async () => {
    await using held = await FileLock.acquire(path, { waitMs: 0 });
    const pauses: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      pauses.push(ms);
      await Promise.resolve();
    };
    const clock = { now: () => new Date() };
    const error = await FileLock.acquire(path, { waitMs: 1000 }, { clock, sleep }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutsideError);
    expect(error).toMatchObject({ code: "lock.held", exit: EXIT.lockHeld, retryable: true });
    expect((error as OutsideError).message).toContain(`process ${String(pid)}`);
    expect((error as OutsideError).message).toContain(held.holder.since);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(1000);
    expect(pauses[5]!).toBeGreaterThan(pauses[0]!);
  });

  test("is had by a waiter once it is given back", async () => {
    const held = await FileLock.acquire(path, { waitMs: 0 });
    const sleep = async (): Promise<void> => await held.release();
    await using lock = await FileLock.acquire(path, { waitMs: 1000 }, { clock: { now: () => new Date() }, sleep });
    expect(lock.holder.token).not.toBe(held.holder.token);
  });

  test("of a dead process is taken over at once", async () => {
    await writeLock({});
    await using lock = await FileLock.acquire(path, { waitMs: 0 });
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ token: lock.holder.token });
  });

  test("of a dead process whose pid another process has now is taken over", async () => {
    await writeLock({ pid, started: "another-boot:1" });
    await using lock = await FileLock.acquire(path, { waitMs: 0 });
    expect(lock.holder.pid).toBe(pid);
  });

  test("of a dead process is taken over after a successor died while taking over", async () => {
    await writeLock({});
    const token = "00000000-0000-4000-8000-000000000001";
    await writeFile(
      `${path}.00000000-0000-4000-8000-000000000000.next`,
      JSON.stringify({ pid: deadPid(), host: hostname(), started: null, since: "2024-07-13T04:19:10.000000Z", token }),
    );
    await using lock = await FileLock.acquire(path, { waitMs: 0 });
    expect(lock.holder.pid).toBe(pid);
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  test("of another host counts as held, and the error says what to do", async () => {
    await writeLock({ host: "elsewhere" });
    await expect(FileLock.acquire(path, { waitMs: 0 })).rejects.toThrow("if no such process runs on elsewhere, remove the file");
  });

  test("that names nobody is held while it is young and taken over when it is old", async () => {
    await writeFile(path, "");
    await expect(FileLock.acquire(path, { waitMs: 0 })).rejects.toThrow("another process");
    const before = new Date((await stat(path)).mtimeMs - 60_000);
    await utimes(path, before, before);
    await using lock = await FileLock.acquire(path, { waitMs: 0 });
    expect(lock.holder.pid).toBe(pid);
  });

  test("of a dead process is left alone where another one was faster", async () => {
    await writeFile(path, "");
    const living = {
      pid,
      host: hostname(),
      started: null,
      since: "2024-07-13T04:19:09.000000Z",
      token: "00000000-0000-4000-8000-000000000002",
    };
    // The clock is asked after the dead lock was read: the moment at which another process takes it over.
    let asked = 0;
    const now = (): Date => {
      if (++asked === 2) writeFileSync(path, JSON.stringify(living));
      return new Date(Date.now() + 60_000);
    };
    await expect(
      FileLock.acquire(path, { waitMs: 0 }, { clock: { now }, sleep: async () => await Promise.resolve() }),
    ).rejects.toMatchObject({ code: "lock.held" });
    expect(asked).toBe(2);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(living);
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  test("of a dead process goes to exactly one of many at a time", async () => {
    await writeLock({});
    let holders = 0;
    let most = 0;
    const take = async (): Promise<void> => {
      await using lock = await FileLock.acquire(path, { waitMs: 60_000 });
      holders++;
      most = Math.max(most, holders);
      // Others get their turn to break in.
      await stat(lock.path);
      await stat(lock.path);
      holders--;
    };
    await Promise.all(Array.from({ length: 10 }, take));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test("stops waiting when it is told to", async () => {
    await using held = await FileLock.acquire(path, { waitMs: 0 });
    const controller = new AbortController();
    const waiting = FileLock.acquire(held.path, { waitMs: 60_000, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow("abort");
  });
});
