import type { IngestResult } from "../pipeline/ingest.ts";
import type { Output } from "./output.ts";

/** Says which captures were kept as failed and which files were not taken. */
export function describeFailures(result: IngestResult, out: Output): void {
  for (const { file, capture } of result.failed) {
    const place = capture.failure?.place;
    out.say(
      `failed capture ${String(capture.id)}: ${file}: ${capture.failure?.message ?? ""}${place === null || place === undefined ? "" : ` (at ${place.pointer === "" ? "the top" : place.pointer}, byte ${String(place.offset)})`}`,
    );
  }
  for (const refused of result.refused) {
    out.say(
      `refused: ${refused.message}${refused.expected === undefined ? "" : `\n  expected: ${refused.expected}`}${refused.next === undefined ? "" : `\n  next:     ${refused.next}`}`,
    );
  }
}
