import { OutsideError } from "../core/errors.ts";
import { BackOff, type BackOffDeps, systemBackOff } from "./back-off.ts";
import { type ConnectionTarget, type Environment, resolveTarget } from "./connection-target.ts";
import { openSession } from "./open-session.ts";
import type { Session } from "./session.ts";

export interface PostgresOptions {
  /** `postgresql://…` */
  readonly url: string;
  /** For libpq's variables: `PGPASSWORD`, `PGPASSFILE`, `PGSERVICE` … */
  readonly environment: Environment;
  /** How long to wait for a server that is down or full, for locks that others hold, and to try a transaction again. */
  readonly waitMs: number;
  /** Sessions at a time; who wants one more waits. */
  readonly maxSessions?: number;
  /** Told once for each time of waiting, with the reason. */
  readonly onWait?: (error: OutsideError) => void;
}

/** One applies, one reads raw, one appends to it, and one is there to ask who holds a lock. A server has 100 for everybody by default. */
const MAX_SESSIONS = 4;

/** A piece of work that loses its connection so often is what ends it. */
const MAX_REPEATS = 5;

/** A database of a server, and a few sessions with it. */
export class Postgres implements AsyncDisposable {
  readonly target: ConnectionTarget;
  readonly #options: PostgresOptions;
  readonly #deps: BackOffDeps;
  readonly #idle: Session[] = [];
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #isClosed = false;

  private constructor(target: ConnectionTarget, options: PostgresOptions, deps: BackOffDeps) {
    this.target = target;
    this.#options = options;
    this.#deps = deps;
    this.#free = options.maxSessions ?? MAX_SESSIONS;
  }

  /**
   * Connects, waiting for a server that is about to be there.
   * @throws UserError (exit 2) for what is wrong with URL, variables and files; OutsideError (exit 5) for what is wrong with the server
   */
  static async open(options: PostgresOptions, deps: BackOffDeps = systemBackOff): Promise<Postgres> {
    const postgres = new Postgres(await resolveTarget(options.url, options.environment), options, deps);
    await postgres.withSession(() => Promise.resolve());
    return postgres;
  }

  /**
   * Runs `work` with a session that nobody else has meanwhile. Afterwards its temporary tables and advisory locks are gone; after an error
   * so is the session itself. With `repeats`, `work` is run again, with another session, where the connection was lost, but not where it was
   * lost during a COMMIT.
   */
  async withSession<T>(work: (session: Session) => Promise<T>, { repeats = false }: { readonly repeats?: boolean } = {}): Promise<T> {
    for (let repeated = 0; ; repeated++) {
      await this.#takeTurn();
      try {
        return await this.#workOnce(work);
      } catch (error) {
        const isLost = error instanceof OutsideError && error.code === "postgres.connection-lost";
        if (!repeats || !isLost || repeated === MAX_REPEATS) throw error;
      } finally {
        this.#giveTurn();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  async #workOnce<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#usableSession();
    let result: T;
    try {
      result = await work(session);
    } catch (error) {
      await session.close();
      throw error;
    }
    await this.#putBack(session);
    return result;
  }

  async #putBack(session: Session): Promise<void> {
    try {
      if (session.isUsable && !this.#isClosed) {
        if (session.leavesTraces) await session.clean();
        this.#idle.push(session);
        return;
      }
    } catch (error) {
      // The work is done: that its connection is lost now is no failure of it.
      if (!(error instanceof OutsideError)) throw error;
    }
    await session.close();
  }

  async #usableSession(): Promise<Session> {
    if (this.#isClosed) throw new Error("the database is closed");
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (session.isUsable) return session;
      await session.close();
    }
    return await this.#connect();
  }

  async #connect(): Promise<Session> {
    const { waitMs, onWait } = this.#options;
    const backOff = new BackOff(waitMs, this.#deps);
    let isToldOf = false;
    for (;;) {
      try {
        return await openSession({ target: this.target, waitMs, deps: this.#deps });
      } catch (error) {
        if (!(error instanceof OutsideError) || !error.retryable) throw error;
        if (!isToldOf && waitMs > 0) onWait?.(error);
        isToldOf = true;
        if (!(await backOff.pause())) throw error;
      }
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
