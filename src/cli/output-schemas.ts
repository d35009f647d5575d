import { z } from "zod";
import { FAULT_KINDS, STEP_NAMES } from "../core/faults.ts";
import { CRASH_CASES, CRASH_MODES } from "../pipeline/crash-matrix.ts";
import { JSON_TYPES } from "../raw/shape.ts";
import { DRIFT_KINDS } from "../pipeline/find-drift.ts";
import { LINT_CODES } from "../pipeline/lint-problem.ts";
import { PATH_USES } from "../pipeline/mapped-paths.ts";
import { PATH_STATUSES } from "../pipeline/path-status.ts";
import { VALUE_KINDS } from "../pipeline/leaf-tree.ts";
import { CHANGE_KINDS, CHANGE_WAYS } from "../store/schema-changes.ts";
import { SCHEMA_DRIFT_KINDS } from "../store/schema-drift.ts";
import { SCHEMA_STEPS } from "./describe-schema.ts";

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
  as_of: textOrNull("The time as of which the tables are, UTC; null: as they are now."),
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

const value = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .describe("64-bit integers as texts; times as microseconds since 1970; dates, decimals and JSON as texts.");
const row = z.record(z.string(), value);

const difference = keys("The first row, in the order of targets, documents and keys, that both sides do not have alike.", {
  target: text("The table."),
  key: row.describe("Its primary key, by column."),
  document: row.describe("The document that it belongs to, by column of the document key."),
  columns: z.array(z.string()).describe("Columns with other values; empty where one side has no such row."),
  sides: z.array(
    keys("How one side has it.", {
      name: text("Which side."),
      row: row.nullable().describe("By column; null where this side has no such row."),
      capture: keys("The applied state of the document.", {
        id: count("Of this side's raw."),
        captured_at: text("UTC."),
        version: textOrNull("As the body says it."),
        content_hash: text("SHA-256 of the body, hex."),
      })
        .nullable()
        .describe("Null where no state of the document is applied."),
      pointer: textOrNull("JSON pointer of the row's element in that capture; null where it has none."),
      reads: z.array(
        keys("What a column that differs reads there.", {
          column: text("Its name."),
          pointer: textOrNull("JSON pointer; null where a lookup found no entry."),
          text: textOrNull("The JSON text there; null where there is nothing."),
        }),
      ),
    }),
  ),
});

const mismatch = keys("Counts that do not add up.", {
  what: text("The equation."),
  expected: z.number().describe("What it should be."),
  got: z.number().describe("What it is."),
});

const verifyParity = keys("`mlb-etl verify parity --json`.", {
  schema_version: version,
  mapping: text("Its name."),
  captures: count("Captures, those captured again a microsecond later too."),
  documents: count("Documents of them."),
  seed: count("Of the first round; each round has the next one."),
  digest: text("Of the batch."),
  rounds: z.array(
    keys("One order in streaming mode.", {
      round: count("From 1."),
      digest: text("Of the streams."),
      sent: count("Captures that were sent to the streams, those that came again too."),
      mismatches: z.array(mismatch),
    }),
  ),
  equal: z.boolean().describe("Whether all rounds have the digest of the batch."),
  difference: difference.nullable().describe("Of the first round that has not; null where all have."),
  exit: exit(),
});

const verifyReplay = keys("`mlb-etl verify replay --json`: an object for each mapping that raw has captures of.", {
  schema_version: version,
  mapping: text("Its name."),
  captures: count("Captures that were replayed."),
  digest: text("Of the store."),
  replayed: text("Of the replay."),
  equal: z.boolean().describe("Whether both are the same."),
  difference: difference.nullable().describe("Null where they are."),
  exit: exit("The exit code as far as this mapping has a part in it."),
});

const verifyCrash = keys("`mlb-etl verify crash --json`.", {
  schema_version: version,
  store: z.enum(["embedded", "postgresql"]).describe("The kind of store."),
  cells: z.array(
    keys("One fault, and a restart.", {
      mode: z.enum(CRASH_MODES).describe("Of the transform."),
      case: z.enum(CRASH_CASES.map(({ name }) => name)).describe("What was done."),
      step: z.enum(STEP_NAMES).describe("Where the fault was."),
      kind: z.enum(FAULT_KINDS).describe("What it was."),
      outcome: z
        .enum(["equal", "not reached", "DIFFERENT"])
        .describe("After the restart, against the undisturbed run; not reached: that work has no such step."),
      ended: text("How the process with the fault ended: a signal, or an exit code."),
      restarted: text("The same of the one after it."),
      mismatches: z.array(mismatch),
    }),
  ),
  equal: count("Cells with this outcome."),
  not_reached: count("Cells with this outcome."),
  different: count("Cells with this outcome."),
  exit: exit(),
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

const jsonType = z.enum(JSON_TYPES);

const coverage = keys("`mlb-etl coverage --json`: from the shapes of the captures, without their bodies.", {
  schema_version: version,
  mapping: text("Its name: `<endpoint>/<file>`."),
  by: textOrNull("What --by said."),
  captures: count("Captures that were looked at."),
  skipped: count("Captures that the mapping does not take (source.filter)."),
  failed: count("Captures whose body is no document."),
  groups: z.array(
    keys("Captures with something in common; one group without --by. A capture of several documents may be in several.", {
      group: textOrNull("What they have in common."),
      captures: count("How many."),
      leaf_paths: count("Leaf paths in them: mapped + ignored + unknown. Keys that are ids are `.*`, an empty container is no leaf."),
      mapped: count("Mapped, or always null above a mapped path."),
      ignored: count("Ignored, or always null above an ignored path."),
      unknown: z.array(
        keys("Neither, sorted by path.", {
          path: text("From the answer's root."),
          types: z.partialRecord(jsonType, count("Captures.")).describe("In how many captures each JSON type is there."),
        }),
      ),
    }),
  ),
  exit: exit(),
});

const seen = (description: string): z.ZodObject =>
  keys(description, { capture: count("Its id in raw."), captured_at: text("When it was captured, UTC.") });

const drift = keys("`mlb-etl drift --json`.", {
  schema_version: version,
  table: text("The raw table."),
  mapping: textOrNull("The mapping that was named; null for a raw table."),
  since: text("What divides known and new captures: a time, or `capture ID`."),
  captures: keys("Captures.", {
    known: count("Known ones."),
    new: count("New ones."),
    repeated: count("New ones whose body is known."),
    skipped: count("Those that the mapping does not take (source.filter)."),
    failed: count("Those whose body is no document."),
  }),
  findings: z.array(
    keys("One thing that is new or gone, by kind and path.", {
      kind: z.enum(DRIFT_KINDS),
      path: text("From the answer's root."),
      types: z.array(jsonType).describe("JSON types that are new there; those that were there, of a vanished path."),
      known_types: z.array(jsonType).describe("JSON types that known captures have there."),
      captures: count("New captures that have it; of a vanished path, known ones that had it."),
      first: seen("The first of them by time."),
      last: seen("The last of them by time."),
      status: z.enum(PATH_STATUSES).nullable().describe("What the mapping does with the path; null for containers and without a mapping."),
      example: keys("A value that is there.", {
        capture: count("Its capture."),
        pointer: text("Its JSON pointer."),
        value: text("As JSON, cut after 200 characters."),
      }).nullable(),
    }),
  ),
  suggestion: textOrNull("With --suggest: YAML for new leaf paths that the mapping does not know."),
  exit: exit("0: nothing is new and nothing is gone. 1: something is."),
});

const mappingTest = keys("`mlb-etl mapping test --json`.", {
  schema_version: version,
  cases: z.array(
    keys("One example.", {
      mapping: text("Its mapping."),
      case: text("Name of its folder."),
      ok: z.boolean().describe("Whether all is as expected."),
      documents: count("Documents in its answer."),
      differences: z.array(
        keys("One thing that is not as expected.", {
          what: text("A table, or `quarantined`, or `document`."),
          where: text("Row and column, or the JSON pointer of what failed."),
          expected: text("As the example says."),
          got: text("As it is."),
        }),
      ),
    }),
  ),
  exit: exit("0: all examples are right. 1: one differs."),
});

const schemaPlanKeys = {
  schema_version: version,
  store: text("Where the targets are, without secrets."),
  plan: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe("Names the changes: `schema apply --plan` makes these and no others."),
  changes: count("Changes of all mappings. 0: the tables are as the mappings want them."),
  mappings: z.array(
    keys("One mapping.", {
      mapping: text("Its name: `<endpoint>/<file>`."),
      changes: z.array(
        keys("One change.", {
          kind: z.enum(CHANGE_KINDS),
          how: z
            .enum(CHANGE_WAYS)
            .describe("additive: nothing is lost. destructive: dropped with --allow-drop only. rebuild: `mlb-etl rebuild` makes it."),
          table: textOrNull("The table; null where it is about the documents."),
          column: textOrNull("The column, where it is about one."),
          from: textOrNull("What the store has: a type, a key, a comment."),
          to: textOrNull("What the mapping wants."),
          sentence: text("The same in words."),
          statements: z.array(z.string()).describe("SQL that `schema apply` runs; none where a rebuild makes it."),
          locks: z
            .string()
            .nullable()
            .describe("The strongest lock that they take on tables that are there, and who waits. Null where none."),
        }),
      ),
      documents: keys("Documents in the store.", {
        applied: count("All."),
        behind: count("Those applied under another mapping than that of now."),
      }),
      redo: count("Documents that are to be applied again once the changes are made."),
      next: z.enum(SCHEMA_STEPS).describe("What is to be done next; apply-drop is `schema apply --allow-drop`."),
      command: textOrNull("The command that does it."),
    }),
  ),
  exit: exit(),
};

const schemaPlan = keys("`mlb-etl schema plan --json`.", schemaPlanKeys);
const schemaApply = keys(
  "`mlb-etl schema apply --json`: the changes that were made; redo, next and command are what is left to do.",
  schemaPlanKeys,
);

const migration = (description: string): z.ZodNullable<z.ZodObject> =>
  keys(description, {
    number: count("From 1, in the order in which they were made."),
    kind: text("The command: transform, apply, rebuild."),
    applied_at: text("When, UTC."),
  }).nullable();

const schemaStatus = keys("`mlb-etl schema status --json`.", {
  schema_version: version,
  store: text("Where the targets are, without secrets."),
  mappings: z.array(
    keys("One mapping.", {
      mapping: text("Its name: `<endpoint>/<file>`."),
      fingerprint: text("That of the mapping as it is now."),
      tables: count("Tables that it fills in the store."),
      documents: keys("Documents in the store.", {
        applied: count("All."),
        behind: count("Those applied under another mapping than that of now."),
      }),
      changes: count("What `schema plan` would change."),
      last_migration: migration("Null where none was noted."),
      last_rebuild: migration("Null where there was none."),
      next: z.enum(SCHEMA_STEPS),
    }),
  ),
  unknown: z.array(keys("Tables of a mapping of which there is no file.", { mapping: text("Its name."), tables: count("How many.") })),
  exit: exit(),
});

const schemaDrift = keys("`mlb-etl schema drift --json`: mappings that the store has tables of.", {
  schema_version: version,
  store: text("Where the targets are, without secrets."),
  mappings: z.array(
    keys("One mapping.", {
      mapping: text("Its name: `<endpoint>/<file>`."),
      compared_with: z
        .enum(["migration", "mapping"])
        .describe("migration: what this program left. mapping: the store has no history, so a mapping that is ahead looks like drift."),
      drift: z.array(
        keys("One thing that was changed by other means.", {
          kind: z.enum(SCHEMA_DRIFT_KINDS),
          table: text("The table."),
          column: textOrNull("The column, where it is about one."),
          expected: textOrNull("What was left."),
          got: textOrNull("What is there."),
        }),
      ),
      ahead: count("What `schema plan` would change, the drift among it."),
    }),
  ),
  exit: exit("0: the tables are as they were left. 1: they are not."),
});

const rebuild = keys("`mlb-etl rebuild --json`: an object for each mapping of the method.", {
  schema_version: version,
  mapping: text("Its name: `<endpoint>/<file>`."),
  fingerprint: text("That of the plan which filled the tables."),
  store: text("Where the targets are, without secrets."),
  resumed: z.boolean().describe("True: it went on where a rebuild that did not finish had stopped."),
  swapped: z.boolean().describe("False: it was interrupted, readers have the old tables."),
  documents: keys("Documents of raw.", {
    applied: count("In the new tables."),
    quarantined: count("No state of them passed."),
  }),
  failed_states: count("States of documents in quarantine."),
  targets: z.array(
    keys("One table; none where it was interrupted.", {
      name: text("The table."),
      rows_before: count("Rows of the old one; null where there was none.").nullable(),
      rows: count("Rows of the new one; null where the mapping no longer has it.").nullable(),
    }),
  ),
  seconds: z.number().nonnegative().describe("How long it took."),
  exit: exit("As a transform of all documents would end; the process exits with the worst of all."),
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

const simulateSeason = keys("`mlb-etl simulate season --json`.", {
  schema_version: version,
  to: z.enum(["stubs", "captures"]),
  place: text("The stub folder, or the home."),
  seed: count("Which of all possible seasons."),
  seasons: z.array(keys("A season.", { season: z.int().describe("The year."), games: count("Its first so many games.") })),
  games: count("Games whose feed was written or found there."),
  feeds: count("Answers of their feeds: as many as games, more with --states."),
  schedules: count("Days whose schedule was written or found there."),
  bytes: count("Bytes of the files, or of the bodies of the captures."),
  duplicates: count("Captures that were there before; 0 for stubs, which are written over."),
  failed: count("Captures that were kept although their body is no document, or not taken."),
  exit: exit(),
});

const simulateGame = keys("`mlb-etl simulate game --json`.", {
  schema_version: version,
  to: z.enum(["stubs", "captures"]),
  place: text("The stub folder, or the home."),
  game_pk: count("The number of the game."),
  seed: count("Which of all possible games."),
  answers: count("Answers of its feed: 1, or all of its states."),
  bytes: count("Bytes of the files, or of the bodies of the captures."),
  duplicates: count("Captures that were there before; 0 for stubs, which are written over."),
  failed: count("Captures that were kept although their body is no document, or not taken."),
  exit: exit(),
});

/** Names of the published files. */
export const OUTPUT_NAMES = [
  "transform",
  "ingest",
  "verify-digest",
  "verify-parity",
  "verify-replay",
  "verify-crash",
  "mapping-lint",
  "quarantine-list",
  "error",
  "coverage",
  "drift",
  "mapping-test",
  "schema-plan",
  "schema-apply",
  "schema-status",
  "schema-drift",
  "rebuild",
  "simulate-season",
  "simulate-game",
] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

export const OUTPUT_SCHEMAS: Readonly<Record<OutputName, z.ZodType>> = {
  transform,
  ingest,
  "verify-digest": verifyDigest,
  "verify-parity": verifyParity,
  "verify-replay": verifyReplay,
  "verify-crash": verifyCrash,
  "mapping-lint": mappingLint,
  "quarantine-list": quarantineList,
  coverage,
  drift,
  "mapping-test": mappingTest,
  "schema-plan": schemaPlan,
  "schema-apply": schemaApply,
  "schema-status": schemaStatus,
  "schema-drift": schemaDrift,
  rebuild,
  "simulate-season": simulateSeason,
  "simulate-game": simulateGame,
  error,
};

/** The JSON Schema that is published. */
export function outputJsonSchema(name: OutputName): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(OUTPUT_SCHEMAS[name], { target: "draft-7" });
  return { $schema, title: `mlb-etl ${name.replace("-", " ")}`, ...schema };
}
