import { z } from "zod";
import { LINT_CODES } from "../pipeline/lint-problem.ts";
import { PATH_USES } from "../pipeline/mapped-paths.ts";
import { VALUE_KINDS } from "../pipeline/leaf-tree.ts";

/**
 * What scripts rely on: the shape of `--json` of each command that has one. Published as `config/schemas/output/<name>.schema.json`.
 * A new key is added here first; a changed or removed one counts `schema_version` up.
 */

/** A key that is not listed is no part of the output. */
function keys<Shape extends z.ZodRawShape>(description: string, shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape).describe(description);
}

const text = (description: string): z.ZodString => z.string().describe(description);
const textOrNull = (description: string): z.ZodNullable<z.ZodString> => z.string().nullable().describe(description);
const count = (description: string): z.ZodNumber => z.int().nonnegative().describe(description);
const version: z.ZodLiteral<1> = z.literal(1).describe("Version of this shape.");
const exit = (description = "The exit code of the process."): z.ZodNumber => z.int().min(0).max(255).describe(description);

const transform = keys("`mlb-etl transform --json`: one run of one mapping; an object for each mapping of the method.", {
  schema_version: version,
  run_id: text("Names the run in `mlb-etl runs`."),
  mode: z.enum(["batch", "streaming"]),
  endpoint: text("As in the catalogue."),
  method: text("As in the catalogue."),
  engine: text("What shredded: duckdb."),
  store: text("Where the targets are, without secrets."),
  saved: z.boolean().describe("False for a dry run: nothing was written."),
  documents: keys("Each document once: selected = applied + unchanged + stale + quarantined.", {
    selected: count("Documents under the filter."),
    applied: count("A newer state, or the same under another mapping, was applied."),
    unchanged: count("Nothing was left to try."),
    stale: count("Only captures older than the applied one."),
    quarantined: count("Every state that was tried failed."),
  }),
  targets: z.array(
    keys("Rows of one target: rows_in = inserted + updated + unchanged + stale + quarantined.", {
      name: text("The table."),
      rows_in: count("Rows that the documents gave."),
      inserted: count("New rows."),
      updated: count("Rows whose content changed."),
      unchanged: count("Rows that were as they are."),
      deleted: count("Rows that the newest state no longer has; counted apart."),
      stale: count("Rows of states older than the applied one."),
      quarantined: count("Rows of states that failed."),
    }),
  ),
  bad_values: count("Values that their columns do not take: NULL in the rows, kept in mlb.bad_values."),
  seconds: z.number().nonnegative().describe("How long it took."),
  exit: exit("The exit code as far as this mapping has a part in it; the process exits with the worst of all."),
});

const ingest = keys("`mlb-etl ingest --json`.", {
  schema_version: version,
  endpoint: text("As in the catalogue."),
  method: text("As in the catalogue."),
  files: count("Files that were read."),
  stored: count("Captures that were stored, failed ones among them."),
  duplicates: count("Captures that were there before: the same request, time and content."),
  failed: count("Captures that were kept although their body is no document."),
  refused: count("Files that were not taken."),
  bytes: count("Bytes of all bodies."),
  failures: z.array(
    keys("A capture whose body is no document.", {
      file: text("Where it came from."),
      capture: count("Its id in raw."),
      code: text("Stable name of what is wrong: body.not-json, body.duplicate-key …"),
      message: text("What is wrong."),
      place: keys("Where.", { pointer: text("JSON pointer."), offset: count("Byte in the body, from 0.") }).nullable(),
    }),
  ),
  refusals: z.array(
    keys("A file that was not taken.", {
      file: text("Its name."),
      code: text("Stable name of what is wrong."),
      message: text("What is wrong."),
      expected: text("What was expected.").optional(),
      got: text("What was found.").optional(),
      next: text("What to do.").optional(),
    }),
  ),
  exit: exit(),
});

const verifyDigest = keys("`mlb-etl verify digest --json`: the same for the same rows, on every engine and store.", {
  schema_version: version,
  targets: z.array(
    keys("One target.", {
      name: text("The table."),
      rows: count("Number of rows."),
      digest: z
        .string()
        .regex(/^[0-9]+:[0-9a-f]{32}$/)
        .describe("Number of rows, and the sum of the hashes of all rows."),
    }),
  ),
  digest: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe("One hash over all targets."),
});

const mappingLint = keys("`mlb-etl mapping lint --json`.", {
  schema_version: version,
  mapping: text("Its name: `<endpoint>/<file>`."),
  captures: count("Captures that were read."),
  skipped: count("Captures that the mapping does not take (source.filter)."),
  documents: count("Documents in them."),
  paths: z.array(
    keys("One path of the mapping, after for_each is expanded.", {
      target: textOrNull("The table; null for what belongs to the document."),
      column: textOrNull("Null where it is no column's: `use` says whose."),
      use: z.enum(PATH_USES).describe("What the path is read for."),
      path: text("As written, from the row."),
      hits: count("Values there that are not null, over all elements of the row source (not only those that the target's filter keeps)."),
      types: z.partialRecord(z.enum(VALUE_KINDS), count("How often.")).describe("How often each JSON type is there, null included."),
      bad: count("Values that the column's type does not take."),
      filled: z
        .int()
        .nonnegative()
        .nullable()
        .describe("Rows of the target in which the column is not null; null where it is no column's."),
    }),
  ),
  coverage: keys("Leaf paths of the documents; keys that are ids are `.*`, an empty container is no leaf.", {
    leaf_paths: count("All."),
    mapped: count("Mapped, or always null above a mapped path."),
    ignored: count("Ignored, or always null above an ignored path."),
    unknown: z.array(z.string()).describe("Neither, from the answer's root."),
  }),
  problems: z.array(
    keys("What the lint fails on.", {
      code: z.enum(LINT_CODES),
      message: text("What is wrong."),
      target: textOrNull("The table."),
      column: textOrNull("The column."),
      path: textOrNull("A path of the mapping or of the documents, or the JSON pointer of an example."),
    }),
  ),
  warnings: z.array(
    keys("A rule of severity warn that does not hold in places.", {
      target: textOrNull("The table."),
      rule: text("As written."),
      count: count("In how many places."),
      capture: text("The first of them: its capture,"),
      path: text("its JSON pointer"),
      value: textOrNull("and its values."),
    }),
  ),
  exit: exit(),
});

const quarantineList = z
  .array(
    keys("One failure of one state of a document.", {
      mapping: text("The mapping that it failed."),
      document: text("The document's key, a JSON array."),
      capture: count("The capture's id in raw."),
      target: textOrNull("The table; null where it is the document as a whole."),
      rule: text("What it fails."),
      column: textOrNull("The column, where it is about one."),
      path: textOrNull("JSON pointer into the capture."),
      value: textOrNull("What is there."),
      at: text("When it was tried, UTC."),
      status: z.enum(["open", "retried", "resolved"]),
    }),
  )
  .describe("`mlb-etl quarantine list --json`, newest first.");

const problem = keys("A problem of a written file.", {
  code: text("Stable name."),
  file: text("The file."),
  line: count("From 1."),
  column: count("From 1."),
  message: text("What is wrong."),
  expected: text("What was expected.").optional(),
  got: text("What was found.").optional(),
  didYouMean: text("The nearest right spelling.").optional(),
});

const error = keys("`--json` of any command that fails as a whole. The same stands on stderr for people.", {
  schema_version: version,
  error: keys("What is wrong and what to do.", {
    code: text("Stable name, `area.what-is-wrong`; `bug` for what is none of your doing."),
    message: text("What is wrong and where."),
    expected: text("What was expected.").optional(),
    got: text("What was found.").optional(),
    next: text("The next thing to do.").optional(),
    problems: z.array(problem).describe("All problems of written files.").optional(),
  }),
  exit: exit(),
});

/** Names of the published files. */
export const OUTPUT_NAMES = ["transform", "ingest", "verify-digest", "mapping-lint", "quarantine-list", "error"] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

export const OUTPUT_SCHEMAS: Readonly<Record<OutputName, z.ZodType>> = {
  transform,
  ingest,
  "verify-digest": verifyDigest,
  "mapping-lint": mappingLint,
  "quarantine-list": quarantineList,
  error,
};

/** The JSON Schema that is published. */
export function outputJsonSchema(name: OutputName): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(OUTPUT_SCHEMAS[name], { target: "draft-7" });
  return { $schema, title: `mlb-etl ${name.replace("-", " ")}`, ...schema };
}
