/**
 * A process that transforms, for tests that kill it or let two of them meet. It does what it is told on the command line (JSON)
 * and says what happens, one JSON value a line.
 */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { OutsideError, UserError } from "../src/core/errors.ts";
import type { SqlValue } from "../src/sql/sql-value.ts";
import { EVERYTHING, SmallPlatform, mappingOf } from "./small-platform.ts";
import { MAIN_STORE } from "./homes.ts";
import { homes } from "./test-home.ts";
import { watchStatements } from "./watch-statements.ts";

export interface ProcessOrder {
  readonly home: string;
  /** File with the mapping. */
  readonly mapping: string;
  readonly waitMs: number;
  readonly sliceBytes: number;
  readonly connections: number;
  /** `apply`: the changes of the mapping, drops too. `hold`: be the only writer until a line comes in. */
  readonly work: "transform" | "rebuild" | "apply" | "hold";
  /** As of a time, into another store. */
  readonly asOf?: { readonly time: string; readonly store: string } | undefined;
  /** Dies before or after the nth statement that matches, or waits there for a line. */
  readonly stopAt?:
    { readonly how: "die" | "wait"; readonly when: "before" | "after"; readonly statement: string; readonly nth: number } | undefined;
}

export type ProcessWord =
  | { readonly said: "started" | "held" | "waiting" | "asked" }
  | { readonly said: "progress"; readonly documents: number }
  | { readonly said: "done"; readonly exit: number; readonly run?: Readonly<Record<string, string>> }
  | { readonly said: "failed"; readonly code: string; readonly exit: number; readonly message: string };

/** Counts are bigints, which JSON has not. */
function sqlText(value: SqlValue): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}

function say(word: ProcessWord): void {
  process.stdout.write(`${JSON.stringify(word)}\n`);
}

/** Nothing is replaced: the statements run as they are, with a stop between them. */
function stopAt({ how, when, statement, nth }: NonNullable<ProcessOrder["stopAt"]>): void {
  const matches = new RegExp(homes.sql(statement));
  const stop = async (): Promise<void> => {
    if (how === "die") process.kill(process.pid, "SIGKILL");
    say({ said: "waiting" });
    await once(process.stdin, "data");
    process.stdin.destroy();
  };
  let seen = 0;
  watchStatements({
    before: async (sql) => {
      const isIt = matches.test(sql) && ++seen === nth;
      if (isIt && when === "before") await stop();
      return isIt;
    },
    after: async (isIt) => {
      if (isIt && when === "after") await stop();
    },
  });
}

const order = JSON.parse(process.argv[2] ?? "{}") as ProcessOrder;
if (order.stopAt !== undefined) stopAt(order.stopAt);
const mapping = mappingOf(readFileSync(order.mapping, "utf8"));
try {
  await using platform = await SmallPlatform.on(order.home, order.waitMs, () => {
    say({ said: "asked" });
  });
  say({ said: "started" });
  await work(platform);
} catch (error) {
  const { code, exit, message } =
    error instanceof OutsideError || error instanceof UserError ? error : { code: "bug", exit: 70, message: String(error) };
  say({ said: "failed", code, exit, message });
}

async function work(platform: SmallPlatform): Promise<void> {
  const options = {
    sliceBytes: order.sliceBytes,
    connections: order.connections,
    onProgress: ({ documents }: { readonly documents: number }): void => {
      say({ said: "progress", documents });
    },
  };
  switch (order.work) {
    case "hold":
      await platform.inStore((store) =>
        store.transaction(async () => {
          await store.lock(mapping.name);
          say({ said: "held" });
          await once(process.stdin, "data");
        }),
      );
      process.stdin.destroy();
      return;
    case "apply":
      await platform.apply([mapping], { allowDrop: true, planId: null });
      say({ said: "done", exit: 0 });
      return;
    case "rebuild": {
      const { exit } = await platform.rebuild(mapping, undefined, options);
      say({ said: "done", exit });
      return;
    }
    case "transform": {
      await using target = await platform.withStore(order.asOf?.store ?? MAIN_STORE);
      const filter = { ...EVERYTHING, asOf: order.asOf?.time ?? null };
      const { exit, record } = await target.transform(mapping, undefined, { ...options, filter });
      say({ said: "done", exit, run: Object.fromEntries(Object.entries(record.run).map(([name, value]) => [name, sqlText(value)])) });
    }
  }
}
