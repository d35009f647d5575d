import type { Postgres } from "../../postgres/postgres.ts";
import type { Session } from "../../postgres/session.ts";

/** What rolls a dry run back at its end. */
class RolledBack extends Error {}

/** A session that is had for longer than one work: with the temporary tables and locks that are the session's. */
export class HeldSession {
  readonly session: Session;
  readonly #end: (failure: Error | null) => void;
  readonly #done: Promise<void>;

  private constructor(session: Session, end: (failure: Error | null) => void, done: Promise<void>) {
    this.session = session;
    this.#end = end;
    this.#done = done;
  }

  /** `rollsBack`: all that the session does is one transaction, which is rolled back when it is let go. */
  static take(postgres: Postgres, { rollsBack = false }: { readonly rollsBack?: boolean } = {}): Promise<HeldSession> {
    return new Promise((resolve, reject) => {
      let end = (_failure: Error | null): void => undefined;
      const ended = new Promise<void>((go, fail) => {
        end = (failure) => {
          if (failure === null) go();
          else fail(failure);
        };
      });
      const done: Promise<void> = postgres.withSession(async (session) => {
        const hold = (): Promise<void> => {
          resolve(new HeldSession(session, end, done));
          return ended;
        };
        if (rollsBack)
          await session.transaction(async () => {
            await hold();
            throw new RolledBack();
          });
        else await hold();
      });
      // Once it is held nobody hears of this but who lets it go.
      done.catch(reject);
    });
  }

  /** Gives the session back; with a failure, ends it. */
  async letGo(failure: Error | null = null): Promise<void> {
    this.#end(failure);
    try {
      await this.#done;
    } catch (error) {
      if (!(error instanceof RolledBack) && failure === null) throw error;
    }
  }
}
