/**
 * A process that transforms, for tests that kill it or let two of them meet. It does what it is told on the command line (JSON)
 * and says what happens, one JSON value a line.
 */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { OutsideError, UserError } from "../src/core/errors.ts";
import { Connection, type Statement } from "../src/duckdb/connection.ts";
import type { SqlValue } from "../src/sql/sql-value.ts";
import { EVERYTHING, SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";

export interface ProcessOrder {
  readonly home: string;
  /** File with the mapping. */
  readonly mapping: string;
  readonly waitMs: number;
  readonly sliceBytes: number;
  readonly connections: number;
  /** `apply`: the changes of the mapping, drops too. `hold`: keep the store's file until a line comes in. */
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
  const matches = new RegExp(statement);
  const stop = async (): Promise<void> => {
    if (how === "die") process.kill(process.pid, "SIGKILL");
    say({ said: "waiting" });
    await once(process.stdin, "data");
    process.stdin.destroy();
  };
  // oxlint-disable-next-line typescript/unbound-method -- called with their own connection below
  const { run, prepare } = Connection.prototype;
  let seen = 0;
  const around = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    const isIt = matches.test(sql) && ++seen === nth;
    if (isIt && when === "before") await stop();
    const result = await work();
    if (isIt && when === "after") await stop();
    return result;
  };
  Connection.prototype.run = function (this: Connection, sql: string): Promise<number> {
    return around(sql, () => run.call(this, sql));
  };
  Connection.prototype.prepare = async function (this: Connection, sql: string): Promise<Statement> {
    const prepared = await prepare.call(this, sql);
    const runPrepared = prepared.run.bind(prepared);
    prepared.run = () => around(sql, runPrepared);
    return prepared;
  };
}

const order = JSON.parse(process.argv[2] ?? "{}") as ProcessOrder;
if (order.stopAt !== undefined) stopAt(order.stopAt);
const platform = SmallPlatform.on(order.home, order.waitMs, () => {
  say({ said: "asked" });
});
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
  } else if (order.work === "apply") {
    await platform.apply([mappingOf(readFileSync(order.mapping, "utf8"))], { allowDrop: true, planId: null });
    say({ said: "done", exit: 0 });
  } else {
    const mapping = mappingOf(readFileSync(order.mapping, "utf8"));
    const options = {
      sliceBytes: order.sliceBytes,
      connections: order.connections,
      onProgress: ({ documents }: { readonly documents: number }): void => {
        say({ said: "progress", documents });
      },
    };
    if (order.work === "rebuild") {
      const { exit } = await platform.rebuild(mapping, undefined, options);
      say({ said: "done", exit });
    } else {
      const target = order.asOf === undefined ? platform : platform.withStore(order.asOf.store);
      const filter = { ...EVERYTHING, asOf: order.asOf?.time ?? null };
      const { exit, record } = await target.transform(mapping, undefined, { ...options, filter });
      say({ said: "done", exit, run: Object.fromEntries(Object.entries(record.run).map(([name, value]) => [name, sqlText(value)])) });
    }
  }
} catch (error) {
  const { code, exit, message } =
    error instanceof OutsideError || error instanceof UserError ? error : { code: "bug", exit: 70, message: String(error) };
  say({ said: "failed", code, exit, message });
}
