import type { Problem } from "../core/errors.ts";
import type { MappingSpec, PartialSpec } from "./mapping-spec.ts";
import type { Positions } from "./positions.ts";
import { readShape } from "./read-shape.ts";
import { readYaml } from "./read-yaml.ts";
import { createReport } from "./report.ts";

/** A mapping file as read: its spec without the parts that are wrong, the problems of those, and where everything stands. */
export interface MappingReading {
  /** As given; problems carry it. */
  readonly file: string;
  /** Complete where there are no problems. Null where the file cannot be read at all. */
  readonly spec: PartialSpec<MappingSpec> | null;
  readonly problems: readonly Problem[];
  readonly positions: Positions;
}

/** Reads the text of a mapping file. Never throws: what is wrong is in `problems`. */
export function readMapping(text: string, file: string): MappingReading {
  const report = createReport(file);
  const { value, positions } = readYaml(text, report);
  const spec = value === null ? null : readShape(value, positions, report);
  return { file, spec, problems: report.sorted(), positions };
}
