/**
 * A process that transforms, for tests that kill it or let two of them meet. It does what it is told on the command line (JSON)
 * and says what happens, one JSON value a line.
 */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { OutsideError } from "../src/core/errors.ts";
import { Connection } from "../src/duckdb/connection.ts";
import type { SqlValue } from "../src/duckdb/sql-value.ts";
import { EVERYTHING, SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";

export interface ProcessOrder {
  readonly home: string;
  /** File with the mapping. */
  readonly mapping: string;
  readonly waitMs: number;
  readonly sliceBytes: number;
  readonly connections: number;
  /** `transform`, or `hold`: keep the store's file until a line comes in. */
  readonly work: "transform" | "hold";
  /** As of a time, into another store. */
  readonly asOf?: { readonly time: string; readonly store: string } | undefined;
  /** Dies before or after the nth statement that matches, or waits there for a line. */
  readonly stopAt?:
    { readonly how: "die" | "wait"; readonly when: "before" | "after"; readonly statement: string; readonly nth: number } | undefined;
}

export type ProcessWord =
  | { readonly said: "started" | "held" | "waiting" }
  | { readonly said: "progress"; readonly documents: number }
  | { readonly said: "done"; readonly exit: number; readonly run: Readonly<Record<string, string>> }
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
  const matches = new RegExp(statement);
  const stop = async (): Promise<void> => {
    if (how === "die") process.kill(process.pid, "SIGKILL");
    say({ said: "waiting" });
    await once(process.stdin, "data");
    process.stdin.destroy();
  };
  // oxlint-disable-next-line typescript/unbound-method -- called with its own connection below
  const run = Connection.prototype.run;
  let seen = 0;
  Connection.prototype.run = async function (this: Connection, sql: string): Promise<number> {
    const isIt = matches.test(sql) && ++seen === nth;
    if (isIt && when === "before") await stop();
    const changed = await run.call(this, sql);
    if (isIt && when === "after") await stop();
    return changed;
  };
}

const order = JSON.parse(process.argv[2] ?? "{}") as ProcessOrder;
if (order.stopAt !== undefined) stopAt(order.stopAt);
const platform = SmallPlatform.on(order.home, order.waitMs);
say({ said: "started" });
try {
  if (order.work === "hold") {
    await using database = await openDatabase();
    const connection = await database.connect();
    await platform.store.whileAttached(connection, async () => {
      say({ said: "held" });
      await once(process.stdin, "data");
    });
    process.stdin.destroy();
  } else {
    const mapping = mappingOf(readFileSync(order.mapping, "utf8"));
    const target = order.asOf === undefined ? platform : platform.withStore(order.asOf.store);
    const { exit, record } = await target.transform(mapping, undefined, {
      filter: { ...EVERYTHING, asOf: order.asOf?.time ?? null },
      sliceBytes: order.sliceBytes,
      connections: order.connections,
      onProgress: ({ documents }) => {
        say({ said: "progress", documents });
      },
    });
    say({ said: "done", exit, run: Object.fromEntries(Object.entries(record.run).map(([name, value]) => [name, sqlText(value)])) });
  }
} catch (error) {
  const { code, exit, message } = error instanceof OutsideError ? error : { code: "bug", exit: 70, message: String(error) };
  say({ said: "failed", code, exit, message });
}
