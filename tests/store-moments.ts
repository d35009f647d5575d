import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OutsideError } from "../src/core/errors.ts";
import { SmallPlatform } from "./small-platform.ts";
import { MAIN_STORE } from "./homes.ts";
import { isOnServer } from "./test-home.ts";
import { watchStatements } from "./watch-statements.ts";

/** What a process that is killed at some statement leaves. */
export interface Moment<State> {
  readonly where: string;
  readonly state: State;
  /** A home as it would leave it. */
  readonly left: () => Promise<string>;
}

interface MomentsOptions<State> {
  readonly work: () => Promise<void>;
  readonly look: (platform: SmallPlatform) => Promise<State>;
  /** A home as it was before. */
  readonly copied: () => Promise<string>;
  /** A home that a process has left which was killed there. */
  readonly killed: (at: { readonly when: "after"; readonly statement: string; readonly nth: number }) => Promise<string>;
}

/** Does a work on the store of a home, and gives the moments at which what others see may have changed, in order. */
export function momentsOf<State>(home: string, options: MomentsOptions<State>): Promise<readonly Moment<State>[]> {
  return isOnServer ? seenMoments(home, options) : keptMoments(home, options);
}

/** What a kill leaves is what others see meanwhile: the rest is rolled back with the session. Slices are alike: each kind of statement is looked at once, and each COMMIT. */
async function seenMoments<State>(home: string, { work, look, killed }: MomentsOptions<State>): Promise<readonly Moment<State>[]> {
  // Inside of a transaction nobody can wait for its end.
  await using hasty = await SmallPlatform.on(home, 0);
  await using patient = await SmallPlatform.on(home);
  const moments: Moment<State>[] = [];
  let isLooking = false;
  const kinds = new Set<string>();
  let statements = 0;
  const end = watchStatements({
    before: (sql) => Promise.resolve(isLooking ? null : { sql, nth: ++statements }),
    after: async (seen) => {
      if (seen === null || /^(SELECT|BEGIN|COPY|CREATE TEMP|WITH|DISCARD|SET)/.test(seen.sql)) return;
      const kind = seen.sql.slice(0, KIND_LENGTH);
      if (kinds.has(kind) && kind !== "COMMIT") return;
      kinds.add(kind);
      isLooking = true;
      try {
        const { sql, nth } = seen;
        moments.push({
          where: `after ${sql}`,
          state: await look(sql === "COMMIT" ? patient : hasty),
          left: () => killed({ when: "after", statement: "", nth }),
        });
      } catch (error) {
        // Tables are being replaced: readers wait until it is committed.
        if (!(error instanceof OutsideError) || error.code !== "postgres.lock") throw error;
      } finally {
        isLooking = false;
      }
    },
  });
  try {
    await work();
  } finally {
    end();
  }
  return moments;
}

/** So much of a statement names what it does to what. */
const KIND_LENGTH = 60;

const FILES = [MAIN_STORE, `${MAIN_STORE}.wal`];

/** What a kill leaves is in the files: they are copied before and after every statement, where they are not as they were before. */
async function keptMoments<State>(home: string, { work, look, copied }: MomentsOptions<State>): Promise<readonly Moment<State>[]> {
  const kept: { readonly where: string; readonly home: string }[] = [];
  let last = "";
  const keep = async (where: string): Promise<void> => {
    const bytes = await Promise.all(FILES.map((file) => readFile(join(home, file)).catch(() => null)));
    const hash = bytes.map((content) => (content === null ? "" : createHash("sha256").update(content).digest("hex"))).join();
    if (hash === last) return;
    last = hash;
    const copy = await copied();
    for (const [at, file] of FILES.entries()) await writeOrRemove(join(copy, file), bytes[at] ?? null);
    kept.push({ where, home: copy });
  };
  const end = watchStatements({
    before: async (sql) => {
      await keep(`before ${sql}`);
      return sql;
    },
    after: (sql) => keep(`after ${sql}`),
  });
  try {
    await work();
  } finally {
    end();
  }
  const moments: Moment<State>[] = [];
  for (const { where, home: copy } of kept) {
    await using platform = await SmallPlatform.on(copy);
    moments.push({ where, state: await look(platform), left: () => Promise.resolve(copy) });
  }
  return moments;
}

async function writeOrRemove(file: string, content: Buffer | null): Promise<void> {
  await (content === null ? rm(file, { force: true }) : writeFile(file, content));
}
