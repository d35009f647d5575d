import { Option } from "commander";
import type { CommandRun } from "./context.ts";

/** What one command is: its words for `--help`, and where its work is. The work is loaded only when it is called. */
export interface CommandSpec {
  readonly name: string;
  /** What a group does where none of its commands is named. */
  readonly isDefault?: boolean;
  readonly description: string;
  /** Flags without which it does not run. */
  readonly required?: readonly Option[];
  readonly options?: readonly Option[];
  readonly arguments?: readonly { readonly name: string; readonly description: string }[];
  readonly examples: readonly string[];
  readonly load: () => Promise<CommandRun<never>>;
}

const source = [
  new Option("--endpoint <name>", "endpoint, as in the catalogue: game"),
  new Option("--method <name>", "method: live_game_v1"),
];
const someSource = [
  new Option("--endpoint <name>", "only mappings of this endpoint"),
  new Option("--method <name>", "only mappings of this method"),
];
/** Of streams only. */
const streaming = [
  new Option("--from <where>", "streaming: checkpoint, earliest, latest, or a time of capture").default("checkpoint"),
  new Option("--trigger <duration>", "streaming: longest time between two looks at raw, which mostly tells before").default("5s"),
  new Option("--max-slice <mb>", "streaming: bodies that are taken at a time, in MB (default --slice-mb)"),
  new Option("--until-idle", "streaming: stop where there is nothing left to take"),
  new Option("--metrics-port <port>", "streaming: Prometheus metrics, health and readiness on this port"),
  new Option("--on-mapping-change <what>", "streaming: stop, or keep the plan that it began with").default("stop"),
];

const documents = [
  new Option("--game-pk, --game-pks <list>", "only these games: 747175,745646 (short for --documents game_pk=…)"),
  new Option("--documents <column=list...>", "only documents with these values of a key column"),
  new Option("--start-date <day>", "only documents from this day on, YYYY-MM-DD"),
  new Option("--end-date <day>", "only documents up to this day, YYYY-MM-DD"),
];
const simulatedTo = new Option("--to <where>", "stubs: recordings in --stub-dir, which has to be named; captures: raw of the home");
const limit = new Option("--limit <n>", "at most so many, newest first").default("50");

/** Groups and their commands, in the order of `--help`. A group of one command has no name. */
export const COMMANDS: readonly {
  readonly group: string | null;
  readonly description: string;
  readonly commands: readonly CommandSpec[];
}[] = [
  {
    group: null,
    description: "",
    commands: [
      {
        name: "transform",
        description: "turn captures into rows of the mapping's targets",
        required: source,
        options: [
          new Option("--mode <mode>", "batch: documents under a filter; streaming: captures as they come, behind a checkpoint").default(
            "batch",
          ),
          ...documents,
          new Option(
            "--as-of <time>",
            "only with what was captured until then, into a store of its own (--store): 2024-07-12T20:15:00Z, or a day, to its end, UTC",
          ),
          new Option("--stub-mode <mode>", "replay: first ingest the recordings of --stub-dir; never opens a socket"),
          new Option("--captured-at <time>", "when recordings that do not say it were captured: a time, or file"),
          new Option("--save", "write; without it nothing is written, and what would be is shown"),
          new Option("--strict", "every bad value quarantines its document"),
          ...streaming,
        ],
        examples: [
          "mlb-etl transform --endpoint game --method live_game_v1 --mode batch --game-pks 747175 --stub-mode replay --save",
          "mlb-etl transform --endpoint game --method live_game_v1 --as-of 2024-07-12T20:15:00Z --store duckdb:then.duckdb --save",
          "mlb-etl transform --endpoint game --method live_game_v1 --mode streaming --save --metrics-port 9464",
        ],
        load: async () => (await import("./commands/transform.ts")).runTransform,
      },
      {
        name: "ingest",
        description: "store recorded answers as captures",
        required: [...source, new Option("--from-files <glob...>", "files with bare bodies or envelopes, .json or .json.gz")],
        options: [
          new Option("--captured-at <time>", "when files that do not say it were captured: a time, or file for the time of each file"),
          new Option("--parameter <name=value...>", "what bare bodies were asked with"),
        ],
        examples: ["mlb-etl ingest --endpoint game --method live_game_v1 --from-files 'captures/*.json.gz'"],
        load: async () => (await import("./commands/ingest.ts")).runIngest,
      },
      {
        name: "rebuild",
        description: "fill the tables of a mapping anew from raw, beside the old ones, and put them in their place at once",
        required: source,
        options: [new Option("--strict", "as with transform --strict")],
        examples: ["mlb-etl rebuild --endpoint game --method live_game_v1"],
        load: async () => (await import("./commands/rebuild.ts")).runRebuild,
      },
      {
        name: "peek",
        description: "show a document in the terminal: the first rows of each table of its mapping, or the tree of its paths",
        arguments: [{ name: "document", description: "a .json or .json.gz file, or a document's key in raw: 747175" }],
        options: [
          new Option("--endpoint <name>", "only with mappings of this endpoint"),
          new Option("--method <name>", "only with mappings of this method"),
          new Option("--target <name>", "only this table, with all columns that have values"),
          new Option("--rows <n>", "at most so many rows of each table").default("10"),
          new Option("--tree", "the tree of paths, with types, counts and an example of each"),
        ],
        examples: ["mlb-etl peek 747175", "mlb-etl peek captures/747175.json.gz --tree"],
        load: async () => (await import("./commands/peek.ts")).runPeek,
      },
      {
        name: "sql",
        description: "ask the store; tables are named as in the mapping, state tables mlb.documents, mlb.runs …",
        arguments: [{ name: "query", description: "one SELECT" }],
        options: [
          new Option(
            "--as-of <time>",
            "ask the tables as what was captured until then gives them, made for the question: 2024-07-12T20:15:00Z, or a day, to its end, UTC",
          ),
          ...documents,
        ],
        examples: [
          'mlb-etl sql "SELECT mapping, count(*) FROM mlb.documents GROUP BY mapping"',
          'mlb-etl sql --as-of 2024-07-12T20:15:00Z --game-pks 747175 "SELECT * FROM SCHEMA.TABLE"',
        ],
        load: async () => (await import("./commands/sql.ts")).runSql,
      },
      {
        name: "coverage",
        description: "which leaf paths of the captures a mapping maps, ignores, or does not know; reads no body",
        arguments: [{ name: "name", description: "a mapping, or one of its tables" }],
        options: [
          new Option(
            "--by <what>",
            "group captures: day, month, year (of the capture), document-year, parameter:NAME, column:NAME (of the document, from the store)",
          ),
        ],
        examples: ["mlb-etl coverage game/live_game_v1", "mlb-etl coverage game/live_game_v1 --by column:season"],
        load: async () => (await import("./commands/coverage.ts")).runCoverage,
      },
      {
        name: "drift",
        description: "what new captures hold that known ones did not, and what they no longer hold; exit 1 where something is",
        arguments: [{ name: "name", description: "a mapping, one of its tables, or a raw table" }],
        options: [
          new Option("--since <time>", "captures before this time are known, the others new; default: those of the last day are new"),
          new Option("--since-capture <id>", "captures up to this id are known, the others new"),
          new Option("--vanished-share <percent>", "a path vanishes only where so many of the known captures have it").default("95"),
          new Option("--suggest", "print YAML for the new paths that the mapping does not know"),
        ],
        examples: ["mlb-etl drift game/live_game_v1 --since 2024-07-13", "mlb-etl drift game/live_game_v1 --since 2024-07-13 --suggest"],
        load: async () => (await import("./commands/drift.ts")).runDrift,
      },
      {
        name: "doctor",
        description: "look for what is wrong: settings, mappings, raw, store, documents behind the mapping",
        examples: ["mlb-etl doctor"],
        load: async () => (await import("./commands/doctor.ts")).runDoctor,
      },
    ],
  },
  {
    group: "explain",
    description: "show what a transform executes, and where a row comes from",
    commands: [
      {
        name: "transform",
        isDefault: true,
        description: "show the stages that a transform executes, and the SQL of each",
        required: source,
        options: [new Option("--strict", "as with transform --strict"), new Option("--sql", "with the SQL")],
        examples: ["mlb-etl explain --endpoint game --method live_game_v1 --sql"],
        load: async () => (await import("./commands/explain.ts")).runExplain,
      },
      {
        name: "row",
        description: "where a row comes from: capture, JSON pointer, fragment, each column with its text and cast, the rules it passed",
        required: [
          new Option("--table <name>", "the table, as in the mapping"),
          new Option("--key <values>", "its primary key: 747175,12; as JSON where a value has a comma"),
        ],
        options: [
          new Option("--history", "how the row looked in each capture, cell by cell, oldest first; from raw, needs no table"),
          new Option("--whole", "values and the fragment in full length"),
          new Option("--strict", "as with transform --strict"),
        ],
        examples: [
          "mlb-etl explain row --table SCHEMA.TABLE --key 747175,12",
          "mlb-etl explain row --table SCHEMA.TABLE --key 747175,12 --history",
        ],
        load: async () => (await import("./commands/explain-row.ts")).runExplainRow,
      },
    ],
  },
  {
    group: "mapping",
    description: "check, show and lint mappings",
    commands: [
      {
        name: "check",
        description: "check all mappings, or the files named, each and together",
        arguments: [{ name: "[file...]", description: "mapping files; none: the whole folder" }],
        examples: ["mlb-etl mapping check"],
        load: async () => (await import("./commands/mapping.ts")).runMappingCheck,
      },
      {
        name: "list",
        description: "the mappings and their targets",
        examples: ["mlb-etl mapping list"],
        load: async () => (await import("./commands/mapping.ts")).runMappingList,
      },
      {
        name: "show",
        description: "one mapping as it is understood: targets, columns, keys, rules, export settings",
        arguments: [{ name: "name", description: "its name, or one of its tables" }],
        examples: ["mlb-etl mapping show game/live_game_v1"],
        load: async () => (await import("./commands/mapping.ts")).runMappingShow,
      },
      {
        name: "schema",
        description: "the JSON Schema of the mapping language, for editors",
        examples: ["mlb-etl mapping schema > mapping.schema.json"],
        load: async () => (await import("./commands/mapping.ts")).runMappingSchema,
      },
      {
        name: "lint",
        description: "score every path of a mapping against real captures",
        arguments: [{ name: "name", description: "game/live_game_v1" }],
        options: [
          new Option("--captures <glob...>", "files with captures; none: those in raw"),
          new Option("--captured-at <time>", "when files that do not say it were captured: a time, or file"),
          new Option("--strict", "as with transform --strict"),
        ],
        examples: ["mlb-etl mapping lint game/live_game_v1 --captures 'captures/*.json.gz'"],
        load: async () => (await import("./commands/mapping-lint.ts")).runMappingLint,
      },
      {
        name: "test",
        description: "run the examples that stand beside mappings: a document each, and the rows that it must give",
        arguments: [{ name: "[name]", description: "a mapping, or one of its tables; none: all" }],
        examples: ["mlb-etl mapping test"],
        load: async () => (await import("./commands/mapping-test.ts")).runMappingTest,
      },
    ],
  },
  {
    group: "schema",
    description: "the tables of a store, and what a changed mapping means for them",
    commands: [
      {
        name: "plan",
        description:
          "what changes; what loses data; what needs a rebuild; documents to redo. Exit 0; --json has `changes` with their SQL, `next`",
        options: [...someSource, new Option("--sql", "with the SQL")],
        examples: ["mlb-etl schema plan --sql", "mlb-etl schema plan --json | jq '.mappings[] | {mapping, next}'"],
        load: async () => (await import("./commands/schema.ts")).runSchemaPlan,
      },
      {
        name: "apply",
        description: "make the tables as the mappings want them, in one transaction, or change nothing",
        options: [
          ...someSource,
          new Option("--allow-drop", "also drop columns and tables that the mapping no longer has"),
          new Option("--plan <id>", "only if what is to do is still this plan"),
        ],
        examples: ["mlb-etl schema apply --allow-drop"],
        load: async () => (await import("./commands/schema.ts")).runSchemaApply,
      },
      {
        name: "status",
        description: "tables, documents applied and behind, last migration and rebuild of each mapping",
        options: someSource,
        examples: ["mlb-etl schema status"],
        load: async () => (await import("./commands/schema.ts")).runSchemaStatus,
      },
      {
        name: "drift",
        description: "whether the tables are as this program left them; exit 1 where they were changed by other means",
        options: someSource,
        examples: ["mlb-etl schema drift"],
        load: async () => (await import("./commands/schema.ts")).runSchemaDrift,
      },
      {
        name: "roles",
        description:
          "a script for PostgreSQL: the roles of owner, loader and reader, each with the least that it needs. Connects to nothing",
        options: [
          new Option("--owner <role>", "owns schemas and tables, migrates and rebuilds").default("mlb_owner"),
          new Option("--loader <role>", "stores captures and fills the tables").default("mlb_loader"),
          new Option("--reader <role>", "reads").default("mlb_reader"),
        ],
        examples: ["mlb-etl schema roles | psql -v ON_ERROR_STOP=1 -1 mlb"],
        load: async () => (await import("./commands/schema-roles.ts")).runSchemaRoles,
      },
    ],
  },
  {
    group: "raw",
    description: "look at captures",
    commands: [
      {
        name: "list",
        description: "captures, newest first",
        options: [
          new Option("--endpoint <name>", "only of this endpoint"),
          new Option("--method <name>", "only of this method"),
          new Option("--failed", "only those whose body is no document"),
          limit,
        ],
        examples: ["mlb-etl raw list --failed"],
        load: async () => (await import("./commands/raw.ts")).runRawList,
      },
      {
        name: "show",
        description: "one capture; --body writes the body as it was received",
        arguments: [
          { name: "table", description: "game.live_game_v1" },
          { name: "id", description: "its id" },
        ],
        options: [new Option("--body", "write the body to stdout, as received")],
        examples: ["mlb-etl raw show game.live_game_v1 1 --body"],
        load: async () => (await import("./commands/raw.ts")).runRawShow,
      },
    ],
  },
  {
    group: "runs",
    description: "look at runs",
    commands: [
      {
        name: "list",
        description: "runs, newest first",
        options: [limit],
        examples: ["mlb-etl runs list"],
        load: async () => (await import("./commands/runs.ts")).runRunsList,
      },
      {
        name: "show",
        description: "one run with its counts",
        arguments: [{ name: "run", description: "its id, or the start of it" }],
        examples: ["mlb-etl runs show 3f2a"],
        load: async () => (await import("./commands/runs.ts")).runRunsShow,
      },
    ],
  },
  {
    group: "quarantine",
    description: "states of documents that failed",
    commands: [
      {
        name: "list",
        description: "what failed and why",
        options: [new Option("--all", "also what was settled since"), limit],
        examples: ["mlb-etl quarantine list"],
        load: async () => (await import("./commands/quarantine.ts")).runQuarantineList,
      },
      {
        name: "show",
        description: "all that is known of one document's failures",
        arguments: [{ name: "document", description: "its key: 747175, or the whole key as list shows it" }],
        examples: ["mlb-etl quarantine show 747175"],
        load: async () => (await import("./commands/quarantine.ts")).runQuarantineShow,
      },
      {
        name: "retry",
        description: "forget failures, so that the next transform tries those states again",
        arguments: [{ name: "[document]", description: "a document's key; none: all" }],
        examples: ["mlb-etl quarantine retry"],
        load: async () => (await import("./commands/quarantine.ts")).runQuarantineRetry,
      },
    ],
  },
  {
    group: "bad-values",
    description: "values that their columns do not take",
    commands: [
      {
        name: "list",
        description: "each with its path, text and capture",
        options: [limit],
        examples: ["mlb-etl bad-values list"],
        load: async () => (await import("./commands/bad-values.ts")).runBadValuesList,
      },
    ],
  },
  {
    group: "verify",
    description: "prove what a store holds",
    commands: [
      {
        name: "digest",
        description: "a hash over all rows of each target, the same on every engine and store",
        options: someSource,
        examples: ["mlb-etl verify digest --json"],
        load: async () => (await import("./commands/verify.ts")).runVerifyDigest,
      },
      {
        name: "accounting",
        description: "whether the counts of all runs add up, and the rows belong to applied documents",
        examples: ["mlb-etl verify accounting"],
        load: async () => (await import("./commands/verify.ts")).runVerifyAccounting,
      },
      {
        name: "parity",
        description:
          "whether captures give the same rows shuffled, doubled and in random slices in streaming mode as in one batch. In stores that are thrown away, of the kind of --store; exit 1 where not",
        options: [
          ...someSource,
          new Option("--captures <glob...>", "captures of these files"),
          new Option("--captured-at <time>", "when files that do not say it were captured: a time, or file"),
          ...documents,
          new Option("--simulated <games>", "states of so many games of a fictional league"),
          new Option("--every <n>", "of a simulated game only every n-th state, and the last").default("20"),
          new Option("--seed <n>", "of the first round; each round has the next one").default("1"),
          new Option("--rounds <n>", "so many orders").default("5"),
        ],
        examples: [
          "mlb-etl verify parity --simulated 1 --rounds 3",
          "mlb-etl verify parity --game-pks 747175",
          "mlb-etl verify parity --endpoint game --method live_game_v1 --captures 'captures/*.json.gz'",
        ],
        load: async () => (await import("./commands/verify-parity.ts")).runVerifyParity,
      },
      {
        name: "replay",
        description:
          "whether raw from the beginning, as a stream into an empty embedded store that is thrown away, gives the rows of the store; exit 1 where not",
        options: someSource,
        examples: ["mlb-etl verify replay"],
        load: async () => (await import("./commands/verify-replay.ts")).runVerifyReplay,
      },
      {
        name: "crash",
        description:
          "faults on purpose at every step of a first load, a correction and a delete, in processes of their own on stores that are thrown away, of the kind of --store, each followed by a restart: is all as if there had been none? Exit 1 where not",
        options: [
          new Option("--short", "some steps of a correction only"),
          new Option("--mode <mode>", "batch or streaming; default: both"),
          new Option("--step <step...>", "only at these steps, as the table names them"),
          new Option("--kind <kind...>", "only these: kill, disconnect (PostgreSQL), enospc, memory"),
        ],
        examples: ["mlb-etl verify crash --short", "mlb-etl verify crash --mode batch --step commit.begin commit.done --kind kill"],
        load: async () => (await import("./commands/verify-crash.ts")).runVerifyCrash,
      },
    ],
  },
  {
    group: "simulate",
    description: "games of a fictional league, in the form of the API's answers: no content of MLB",
    commands: [
      {
        name: "game",
        description:
          "play one game and record its feed, as it is when the game is over or state by state; the same seed gives the same bytes",
        required: [new Option("--game-pk <n>", "the number of the game"), simulatedTo],
        options: [
          new Option("--seed <n>", "which of all possible games").default("1"),
          new Option("--date <day>", "the day of the game, 2020 to 2026; its year decides the rules").default("2024-07-12"),
          new Option("--states", "every answer of a poll, from the announcement to corrections after the game: some hundred"),
          new Option("--postponed-from <day>", "announced for this day and put off"),
          new Option("--suspended-in <n>", "broken off before this inning and resumed on the next day"),
        ],
        examples: [
          "mlb-etl simulate game --game-pk 900001 --seed 7 --to captures",
          "mlb-etl simulate game --game-pk 900001 --seed 7 --states --to stubs --stub-dir my-game",
        ],
        load: async () => (await import("./commands/simulate-game.ts")).runSimulateGame,
      },
      {
        name: "season",
        description:
          "play the first games of a season, and record each game's feed and each day's schedule; the same seed gives the same bytes",
        required: [new Option("--games <n>", "so many games"), simulatedTo],
        options: [
          new Option("--seed <n>", "which of all possible seasons, 0 to 9999; part of the games' numbers").default("1"),
          new Option("--seasons <years>", "by the rules of these years, 2020 to 2026, the games shared among them").default("2026"),
          new Option("--states", "of each game every answer of a poll, some hundred, and not the final one only"),
        ],
        examples: [
          "mlb-etl simulate season --games 20 --to captures",
          "mlb-etl simulate season --games 200 --seed 7 --seasons 2020,2022,2026 --to stubs --stub-dir my-season",
        ],
        load: async () => (await import("./commands/simulate-season.ts")).runSimulateSeason,
      },
    ],
  },
  {
    group: "config",
    description: "settings",
    commands: [
      {
        name: "show",
        description: "each setting with its value and where it comes from",
        examples: ["mlb-etl config show"],
        load: async () => (await import("./commands/config.ts")).runConfigShow,
      },
    ],
  },
];
