import { Connection, type Statement } from "../src/duckdb/connection.ts";
import { Session } from "../src/postgres/session.ts";

/** What is done before and after each statement. What `before` gives is handed to `after`. */
export interface StatementWatch<T> {
  readonly before: (sql: string) => Promise<T>;
  readonly after: (seen: T) => Promise<void>;
}

/**
 * Watches all statements that this process runs, on the engine (and an embedded store, which is attached to it) and on servers. They run as
 * they are. Gives what ends it.
 */
export function watchStatements<T>(watch: StatementWatch<T>): () => void {
  const ends = [watchConnections(watch), watchSessions(watch)];
  return () => {
    for (const end of ends) end();
  };
}

async function around<T, R>({ before, after }: StatementWatch<T>, sql: string, work: () => Promise<R>): Promise<R> {
  const seen = await before(sql);
  const result = await work();
  await after(seen);
  return result;
}

function watchConnections<T>(watch: StatementWatch<T>): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- called with their own connection below
  const { run, prepare } = Connection.prototype;
  Connection.prototype.run = function (this: Connection, sql): Promise<number> {
    return around(watch, sql, () => run.call(this, sql));
  };
  Connection.prototype.prepare = async function (this: Connection, sql): Promise<Statement> {
    const prepared = await prepare.call(this, sql);
    const runPrepared = prepared.run.bind(prepared);
    prepared.run = () => around(watch, sql, runPrepared);
    return prepared;
  };
  return () => Object.assign(Connection.prototype, { run, prepare });
}

function watchSessions<T>(watch: StatementWatch<T>): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- called with their own session below
  const { run, rows, copyIn, transaction } = Session.prototype;
  Session.prototype.run = function (this: Session, sql, values): Promise<number> {
    return around(watch, sql, () => run.call(this, sql, values));
  };
  Session.prototype.rows = function (this: Session, sql, values): ReturnType<typeof rows> {
    return around(watch, sql, () => rows.call(this, sql, values));
  };
  Session.prototype.copyIn = function (this: Session, sql, source): Promise<number> {
    return around(watch, sql, () => copyIn.call(this, sql, source));
  };
  // It ends its transactions by itself.
  Session.prototype.transaction = async function <R>(this: Session, work: () => Promise<R>): Promise<R> {
    const seen: T[] = [];
    const result = (await transaction.call(this, async () => {
      const done = await work();
      seen.splice(0, seen.length, await watch.before("COMMIT"));
      return done;
    })) as R;
    for (const each of seen) await watch.after(each);
    return result;
  };
  return () => Object.assign(Session.prototype, { run, rows, copyIn, transaction });
}
