import { EXIT, OutsideError, ProblemsError, UserError } from "../core/errors.ts";
import type { Output } from "./output.ts";

/** A full disk, a missing right, a path that is none: the operating system's own refusal. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

/**
 * Shows an error and gives its exit code. With `--json` stdout gets it as an object too. `help` is what is next for one who used
 * a flag wrongly, where the error does not say more.
 */
export function reportError(
  error: unknown,
  out: Output,
  { help, withStack }: { readonly help: string; readonly withStack: boolean },
): number {
  if (error instanceof UserError || error instanceof OutsideError) {
    const isHelped = error.text.next === undefined && error.exit === EXIT.usage && !(error instanceof ProblemsError);
    const next = isHelped ? help : error.text.next;
    out.say(`error: ${error.message}${isHelped ? `\n  next:     ${help}` : ""}`);
    if (withStack) out.say(error.stack ?? "");
    const problems = error instanceof ProblemsError ? { problems: error.problems } : {};
    out.data({
      schema_version: 1,
      error: {
        code: error.code,
        message: error.text.message,
        expected: error.text.expected,
        got: error.text.got,
        next,
        ...problems,
      },
      exit: error.exit,
    });
    return error.exit;
  }
  if (isSystemError(error)) {
    const next = "look at the disk, the path and your rights to it; the same command goes on where this one stopped";
    out.say(`error: the system refused: ${error.message}\n  next:     ${next}`);
    out.data({
      schema_version: 1,
      error: { code: `system.${error.code.toLowerCase()}`, message: error.message, next },
      exit: EXIT.storeUnreachable,
    });
    return EXIT.storeUnreachable;
  }
  const message = error instanceof Error ? error.message : String(error);
  out.say(`error: this is a bug of mlb-etl: ${message}`);
  out.say(error instanceof Error && error.stack !== undefined ? error.stack : "");
  out.data({ schema_version: 1, error: { code: "bug", message }, exit: EXIT.bug });
  return EXIT.bug;
}
