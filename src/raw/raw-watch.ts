/** News of captures that come to a raw table. It may be silent where there are some: who waits looks from time to time. */
export class RawWatch implements AsyncDisposable {
  readonly #close: () => Promise<void>;
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(close: () => Promise<void>) {
    this.#close = close;
  }

  /** How often there was news. */
  get count(): number {
    return this.#count;
  }

  tell(): void {
    this.#count++;
    for (const wake of this.#waiting) wake();
  }

  /** Waits until there is news since a count was asked for, until the time is over, or until it is told to stop. */
  async next(since: number, ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#count !== since || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
