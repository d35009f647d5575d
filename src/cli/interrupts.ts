import { EXIT } from "../core/errors.ts";

/** Ctrl-C or SIGTERM aborts the signal: the slice at hand is finished. A second one ends the process now. */
export function watchInterrupts(say: (text: string) => void): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      say("stopped at once; nothing is half written: the same command goes on");
      // oxlint-disable-next-line unicorn/no-process-exit -- asked for twice: at once means now
      process.exit(EXIT.interrupted);
    }
    say("finishing what is at hand, then stopping (again to stop at once); the same command goes on where this one stops");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
