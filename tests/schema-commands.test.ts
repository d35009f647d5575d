import { describe, expect, test } from "vitest";
import { OUTPUT_SCHEMAS, type OutputName } from "../src/cli/output-schemas.ts";
import { SmallCli } from "./small-cli.ts";
import { homes, isOnServer } from "./test-home.ts";

/** `schema plan | apply | status | drift`, `rebuild` and what `doctor` says of a store that a mapping left behind. */

const MAPPING = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id, description: Id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size, description: Size}
      - {name: colour, type: TEXT, json_path: $.colour, description: Colour}
    data_quality: [{rule: size < 100, severity: error}]
`;
const FILES = {
  "config/endpoints/lab.yaml":
    "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n",
  "config/schemas/mappings/lab/things.yaml": MAPPING,
  "in/1.json": '{"id":1,"size":5,"colour":"red"}',
  "in/2.json": '{"id":2,"size":7}',
};
const store = homes.dialect;
const THING = store.table("live", "lab.thing");
const TEXT = store.storedType({ name: "TEXT" });
const INT = store.storedType({ name: "INT" });
/** A server keeps rules of a table as checks, each of which is a change of the plan. */
const MAKING = [{ kind: "create_table" }, ...(isOnServer ? [{ kind: "add_object" }] : [])];
const SOURCE = ["--endpoint", "lab", "--method", "things"];
const MAPPING_FILE = "config/schemas/mappings/lab/things.yaml";

async function loaded(): Promise<SmallCli> {
  const cli = await SmallCli.open(FILES);
  await cli.run(["ingest", ...SOURCE, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
  expect((await cli.run(["transform", ...SOURCE, "--save"])).exit).toBe(0);
  return cli;
}

/** Runs with `--json`; what comes out is what the published schema says. */
async function asked(cli: SmallCli, name: OutputName, ...args: string[]): Promise<{ readonly exit: number; readonly data: unknown }> {
  const { exit, data } = await cli.json(args);
  expect(OUTPUT_SCHEMAS[name].safeParse(data).error?.issues ?? []).toEqual([]);
  return { exit, data };
}

describe("a store that does not exist yet", () => {
  test("is planned as tables to create, and apply makes them", async () => {
    await using cli = await SmallCli.open(FILES);
    const plan = await asked(cli, "schema-plan", "schema", "plan");
    expect(plan).toMatchObject({ exit: 0, data: { changes: MAKING.length, mappings: [{ changes: MAKING, next: "apply" }] } });
    const [told, withSql] = [await cli.run(["schema", "plan"]), await cli.run(["schema", "plan", "--sql"])];
    expect(told.stdout).toMatch(/create_table {2}additive {2}lab\.thing +\d+ columns\n/);
    expect(told.stdout).not.toContain("CREATE TABLE");
    expect(withSql.stdout).toContain(`CREATE TABLE ${THING}`);
    const { plan: id } = plan.data as { readonly plan: string };
    const applied = await asked(cli, "schema-apply", "schema", "apply", "--plan", id);
    expect(applied).toMatchObject({ exit: 0, data: { plan: id, changes: MAKING.length, mappings: [{ next: "nothing" }] } });
    expect(await asked(cli, "schema-plan", "schema", "plan")).toMatchObject({ data: { changes: 0, mappings: [{ next: "nothing" }] } });
  });
});

describe("a mapping that is ahead of its store", () => {
  test("is planned with its SQL, and apply refuses what loses data until it is told to", async () => {
    await using cli = await loaded();
    await cli.write(MAPPING_FILE, MAPPING.replace("name: colour", "name: paint"));
    const plan = await asked(cli, "schema-plan", "schema", "plan", ...SOURCE);
    expect(plan.data).toMatchObject({
      changes: 2,
      mappings: [
        {
          mapping: "lab/things",
          changes: [
            {
              kind: "add_column",
              statements: [
                `ALTER TABLE ${THING} ADD COLUMN "paint" ${store.columnType({ name: "TEXT" })}`,
                expect.stringContaining("COMMENT ON") as string,
              ],
            },
            { kind: "drop_column", how: "destructive", statements: [`ALTER TABLE ${THING} DROP COLUMN "colour"`] },
          ],
          documents: { applied: 2, behind: 2 },
          redo: 2,
          next: "apply-drop",
          command: "mlb-etl schema apply --endpoint lab --method things --allow-drop",
        },
      ],
    });
    const refused = await cli.json(["schema", "apply"]);
    expect(refused).toMatchObject({
      exit: 2,
      data: { error: { code: "schema.drops", got: "lab.thing.colour is in the store, not in the mapping" } },
    });
    const other = await cli.json(["schema", "apply", "--allow-drop", "--plan", "0123456789abcdef"]);
    expect(other).toMatchObject({ exit: 2, data: { error: { code: "schema.plan-changed" } } });
    expect(await asked(cli, "schema-plan", "schema", "plan", ...SOURCE)).toEqual(plan);

    const doctor = await cli.run(["doctor"]);
    expect(doctor.stdout).toContain("the tables of lab/things are not as the mapping wants them: 2 changes");
    expect(doctor.stdout).toContain("2 of 2 documents of lab/things are behind the mapping");
    expect((await cli.run(["transform", ...SOURCE, "--save"])).stderr).toMatch(
      /next: .*schema plan --endpoint lab --method things; then mlb-etl .*schema apply --allow-drop, or mlb-etl .*rebuild/,
    );

    expect(await asked(cli, "schema-apply", "schema", "apply", "--allow-drop")).toMatchObject({
      exit: 0,
      data: { changes: 2, mappings: [{ redo: 2, next: "transform" }] },
    });
    const status = await asked(cli, "schema-status", "schema", "status");
    expect(status.data).toMatchObject({
      mappings: [
        {
          tables: 1,
          documents: { applied: 2, behind: 2 },
          changes: 0,
          last_migration: { number: 2, kind: "apply" },
          last_rebuild: null,
          next: "transform",
        },
      ],
      unknown: [],
    });
  });

  test("is refused by apply where tables must be made anew, and rebuild makes them", async () => {
    await using cli = await loaded();
    await cli.write(MAPPING_FILE, MAPPING.replace("size, type: INT", "size, type: DOUBLE").replace("size < 100", "size < 6"));
    const refused = await cli.json(["schema", "apply"]);
    expect(refused).toMatchObject({
      exit: 2,
      data: {
        error: {
          code: "schema.needs-rebuild",
          got: `lab.thing.size is ${INT} in the store, ${store.storedType({ name: "DOUBLE" })} in the mapping`,
          next: "mlb-etl rebuild --endpoint lab --method things",
        },
      },
    });
    // A transform would not do, so the way is named alone.
    expect((await cli.run(["doctor"])).stdout).toMatch(
      /behind the mapping\n +next: mlb-etl [^;\n]*rebuild --endpoint lab --method things\n/,
    );
    const rebuilt = await asked(cli, "rebuild", "rebuild", ...SOURCE);
    expect(rebuilt).toMatchObject({
      exit: 3,
      data: {
        swapped: true,
        resumed: false,
        documents: { applied: 1, quarantined: 1 },
        failed_states: 1,
        targets: [{ name: "lab.thing", rows_before: 2, rows: 1 }],
      },
    });
    expect((await asked(cli, "schema-status", "schema", "status")).data).toMatchObject({
      mappings: [
        { documents: { applied: 1, behind: 0 }, last_migration: { kind: "rebuild" }, last_rebuild: { number: 2 }, next: "nothing" },
      ],
    });
    expect((await cli.json(["quarantine", "list"])).data).toMatchObject([{ document: "[2]", rule: "size < 6" }]);
    expect((await cli.json(["verify", "accounting"])).data).toMatchObject({ mismatches: [] });
  });

  test("is rebuilt from captures only: a home without any does not empty the store", async () => {
    await using cli = await SmallCli.open(FILES);
    expect(await cli.json(["rebuild", ...SOURCE])).toMatchObject({ exit: 4, data: { error: { code: "raw.empty" } } });
  });
});

describe("a store that was changed by other means", () => {
  test.each([
    ["ALTER TABLE store.lab.thing ADD COLUMN mine INT", { kind: "unknown_column", column: "mine", expected: null, got: INT }],
    ["ALTER TABLE store.lab.thing DROP COLUMN colour", { kind: "missing_column", column: "colour", expected: TEXT, got: null }],
    [
      "ALTER TABLE store.lab.thing ALTER size TYPE BIGINT",
      { kind: "other_type", column: "size", expected: INT, got: store.storedType({ name: "BIGINT" }) },
    ],
    ["COMMENT ON TABLE store.lab.thing IS 'x'", { kind: "other_comment", column: null, expected: "One row per thing", got: "x" }],
    ["DROP TABLE store.lab.thing", { kind: "missing_table", column: null, expected: "the table", got: null }],
    [
      "CREATE TABLE store.lab.copy AS SELECT * FROM store.lab.thing; DROP TABLE store.lab.thing; ALTER TABLE store.lab.copy RENAME TO thing",
      { kind: "other_key", column: null, expected: "id", got: null },
    ],
  ])("drifts: %s", async (sql, finding) => {
    await using cli = await loaded();
    expect(await asked(cli, "schema-drift", "schema", "drift")).toMatchObject({ exit: 0, data: { mappings: [{ drift: [] }] } });
    await cli.execute(sql);
    const drift = await asked(cli, "schema-drift", "schema", "drift");
    expect(drift.exit).toBe(1);
    const [found] = (drift.data as { readonly mappings: readonly { readonly compared_with: string; readonly drift: readonly unknown[] }[] })
      .mappings;
    expect(found?.compared_with).toBe("migration");
    expect(found?.drift).toContainEqual({ table: "lab.thing", ...finding });
  });

  test("does not drift where the mapping alone moved on", async () => {
    await using cli = await loaded();
    await cli.write(MAPPING_FILE, MAPPING.replace("name: colour", "name: paint"));
    expect(await asked(cli, "schema-drift", "schema", "drift")).toMatchObject({ exit: 0, data: { mappings: [{ drift: [], ahead: 2 }] } });
  });

  test("gets a column that was dropped by hand back, with its values", async () => {
    await using cli = await loaded();
    const digest = (await cli.json(["verify", "digest"])).data;
    await cli.execute("ALTER TABLE store.lab.thing DROP COLUMN colour");
    expect((await cli.json(["transform", ...SOURCE, "--save"])).data).toMatchObject({ documents: { applied: 2 } });
    expect((await cli.json(["verify", "digest"])).data).toEqual(digest);
    await cli.execute("DROP TABLE store.lab.thing");
    expect((await cli.json(["transform", ...SOURCE, "--save"])).data).toMatchObject({ documents: { applied: 2 } });
    expect((await cli.json(["verify", "digest"])).data).toEqual(digest);
    expect((await cli.json(["verify", "accounting"])).data).toMatchObject({ mismatches: [] });
  });
});

describe("a store of a version without history", () => {
  test("is read as it is, and gets what it lacks when it is written", async () => {
    await using cli = await loaded();
    await cli.execute("DROP TABLE store.mlb.migrations");
    await cli.execute("DROP TABLE store.mlb.as_of");
    await cli.execute("UPDATE store.mlb.store SET version = 1");
    expect((await asked(cli, "schema-status", "schema", "status")).data).toMatchObject({
      mappings: [{ changes: 0, last_migration: null }],
    });
    expect((await asked(cli, "schema-drift", "schema", "drift")).data).toMatchObject({
      mappings: [{ compared_with: "mapping", drift: [] }],
    });
    expect((await cli.json(["transform", ...SOURCE])).data).toMatchObject({ documents: { unchanged: 2 } });
    expect((await cli.json(["transform", ...SOURCE, "--save"])).data).toMatchObject({ documents: { unchanged: 2 } });
    const [version, migrations] = await cli.queries(
      "SELECT version FROM store.mlb.store",
      "SELECT mapping, kind, statements FROM store.mlb.migrations",
    );
    expect(version).toEqual([{ version: 4 }]);
    expect(migrations).toEqual([{ mapping: "lab/things", kind: "transform", statements: [] }]);
  });

  test("is refused where a newer program wrote it", async () => {
    await using cli = await loaded();
    await cli.execute("UPDATE store.mlb.store SET version = 5");
    expect(await cli.json(["transform", ...SOURCE, "--save"])).toMatchObject({
      exit: 2,
      data: { error: { code: "store.version", got: "5" } },
    });
  });
});
