import { EXIT, OutsideError, ProblemsError, UserError } from "../core/errors.ts";
import type { Output } from "./output.ts";

/** Shows an error and gives its exit code. With `--json` stdout gets it as an object too. */
export function reportError(error: unknown, out: Output, withStack: boolean): number {
  if (error instanceof UserError || error instanceof OutsideError) {
    out.say(`error: ${error.message}`);
    if (withStack) out.say(error.stack ?? "");
    const problems = error instanceof ProblemsError ? { problems: error.problems } : {};
    out.data({
      schema_version: 1,
      error: {
        code: error.code,
        message: error.text.message,
        expected: error.text.expected,
        got: error.text.got,
        next: error.text.next,
        ...problems,
      },
      exit: error.exit,
    });
    return error.exit;
  }
  const message = error instanceof Error ? error.message : String(error);
  out.say(`error: this is a bug of mlb-etl: ${message}`);
  out.say(error instanceof Error && error.stack !== undefined ? error.stack : "");
  out.data({ schema_version: 1, error: { code: "bug", message }, exit: EXIT.bug });
  return EXIT.bug;
}
