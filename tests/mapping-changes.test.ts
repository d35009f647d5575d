import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmallCli } from "./small-cli.ts";

/** What a changed mapping means for a store, and that doing it gives what a fresh store has. */

const BASE = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields:
  - {name: id, type: INT, json_path: $.id, description: Id}
  - {name: zone, type: TEXT, json_path: $.zone, description: Zone}
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields:
      - {name: label, type: TEXT, json_path: $.label, description: Label}
      - {name: size, type: INT, json_path: $.size, description: Size}
  - name: lab.part
    description: One row per part
    array_source: $.parts[*]
    primary_key: [id, part_no]
    fields:
      - {name: part_no, type: INT, source_field: index, description: Position}
      - {name: code, type: TEXT, json_path: $.code, description: Code}
      - {name: weight, type: DOUBLE, json_path: $.weight, description: Weight}
`;

interface Change {
  readonly name: string;
  /** Text of the mapping, and what takes its place. */
  readonly edits: readonly (readonly [goes: string, comes: string])[];
  /** Kind, way, table and column of each change of the plan. */
  readonly plan: readonly string[];
  /** What the plan says next, until nothing is left to do. */
  readonly steps: readonly string[];
  /** Documents that are behind after these steps: no state of theirs passes, or the mapping no longer takes them. */
  readonly behind?: number;
}

const LABEL = "      - {name: label, type: TEXT, json_path: $.label, description: Label}\n";
const ZONE = "  - {name: zone, type: TEXT, json_path: $.zone, description: Zone}\n";
const PART = BASE.slice(BASE.indexOf("  - name: lab.part"));

const CHANGES: readonly Change[] = [
  {
    name: "a column added",
    edits: [[LABEL, `${LABEL}      - {name: colour, type: TEXT, json_path: $.colour, description: Colour}\n`]],
    plan: ["add_column additive lab.thing colour"],
    steps: ["apply", "transform"],
  },
  {
    name: "a column of the document added",
    edits: [[ZONE, `${ZONE}  - {name: colour, type: TEXT, json_path: $.colour, description: Colour}\n`]],
    plan: ["add_column additive lab.thing colour", "add_column additive lab.part colour"],
    steps: ["apply", "transform"],
  },
  {
    name: "a column removed",
    edits: [[LABEL, ""]],
    plan: ["drop_column destructive lab.thing label"],
    steps: ["apply-drop", "transform"],
  },
  {
    name: "a column removed before one of the key",
    edits: [[ZONE, ""]],
    plan: ["drop_column destructive lab.thing zone", "drop_column rebuild lab.part zone"],
    steps: ["rebuild"],
  },
  {
    name: "a column of another type",
    edits: [["size, type: INT", "size, type: TEXT"]],
    plan: ["retype_column rebuild lab.thing size"],
    steps: ["rebuild"],
  },
  {
    name: "a column renamed",
    edits: [["name: label", "name: title"]],
    plan: ["add_column additive lab.thing title", "drop_column destructive lab.thing label"],
    steps: ["apply-drop", "transform"],
  },
  {
    name: "a target added",
    edits: [
      [
        PART,
        `${PART}  - name: lab.tag\n    description: One row per tag\n    array_source: $.tags[*]\n    primary_key: [id, tag]\n    fields: [{name: tag, type: TEXT, json_path: $, description: Tag}]\n`,
      ],
    ],
    plan: ["create_table additive lab.tag"],
    steps: ["apply", "transform"],
  },
  { name: "a target removed", edits: [[PART, ""]], plan: ["drop_table destructive lab.part"], steps: ["apply-drop", "transform"] },
  {
    name: "a target renamed",
    edits: [["lab.part", "lab.piece"]],
    plan: ["create_table additive lab.piece", "drop_table destructive lab.part"],
    steps: ["apply-drop", "transform"],
  },
  {
    name: "another primary key",
    edits: [["primary_key: [id, part_no]", "primary_key: [id, code]"]],
    plan: ["change_key rebuild lab.part"],
    steps: ["rebuild"],
  },
  {
    name: "a filter of rows",
    edits: [["    array_source: $.parts[*]\n", "    array_source: $.parts[*]\n    filter: $.weight > 2.0\n"]],
    plan: [],
    steps: ["transform"],
  },
  { name: "another path", edits: [["json_path: $.label", "json_path: $.colour"]], plan: [], steps: ["transform"] },
  {
    name: "a comment",
    edits: [
      ["description: Label", "description: What stands on it"],
      ["One row per part", "One row for each part"],
    ],
    plan: ["change_comment additive lab.thing label", "change_comment additive lab.part"],
    steps: ["apply"],
  },
  {
    name: "a filter of captures",
    edits: [["version: $.v}", "version: $.v, filter: parameters.view is null}"]],
    plan: ["change_documents rebuild"],
    steps: ["rebuild"],
  },
  {
    name: "another document key",
    edits: [
      ["document_key: [id]", "document_key: [zone, id]"],
      ["primary_key: [id]", "primary_key: [zone, id]"],
      ["primary_key: [id, part_no]", "primary_key: [zone, id, part_no]"],
    ],
    plan: ["change_documents rebuild", "change_key rebuild lab.thing", "change_key rebuild lab.part"],
    steps: ["rebuild"],
  },
  {
    name: "a rule that the only state of one document does not keep",
    edits: [["  - name: lab.part", "    data_quality: [{rule: size < 8, severity: error}]\n  - name: lab.part"]],
    plan: [],
    steps: ["transform"],
    behind: 1,
  },
];

/** Some documents in two states, some asked for with a parameter, some without parts. */
const CAPTURES = Array.from({ length: 12 }, (_, at) => {
  const id = (at % 8) + 1;
  const body = {
    id,
    v: String(at),
    zone: `z${String(id % 3)}`,
    label: `thing ${String(id)}`,
    size: id === 8 ? 8 : at % 8,
    colour: at % 2 === 0 ? "red" : "blue",
    tags: ["a", "b"].slice(0, id % 3),
    parts: Array.from({ length: id % 4 }, (__, part) => ({ code: `c${String(part)}`, weight: part + id / 4 })),
  };
  const query_params = id === 5 ? { view: "short" } : {};
  return { endpoint: "lab", method: "things", path_params: {}, query_params, captured_at: "2024-07-13T04:19:09Z", response: body };
});
const FILES = {
  "config/endpoints/lab.yaml":
    "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things, query_parameters: {view: {description: How much}}}\n",
  "config/schemas/mappings/lab/things.yaml": BASE,
  ...Object.fromEntries(CAPTURES.map((capture, at) => [`in/${String(at).padStart(2, "0")}.json`, JSON.stringify(capture)])),
};
const SOURCE = ["--endpoint", "lab", "--method", "things"];

/** Captures without a store. */
let captured: SmallCli;
/** The same, and the store of the mapping as it was. */
let base: SmallCli;
beforeAll(async () => {
  captured = await SmallCli.open(FILES);
  await captured.run(["ingest", ...SOURCE, "--from-files", join(captured.folder, "in/*")]);
  base = await captured.copy();
  await base.run(["transform", ...SOURCE, "--save"]);
});
afterAll(async () => {
  await captured[Symbol.asyncDispose]();
  await base[Symbol.asyncDispose]();
});

/** A copy under a changed mapping. */
async function changed(from: SmallCli, mapping: string): Promise<SmallCli> {
  const cli = await from.copy();
  await cli.write("config/schemas/mappings/lab/things.yaml", mapping);
  return cli;
}

interface Plan {
  readonly changes: number;
  readonly mappings: readonly {
    readonly changes: readonly {
      readonly kind: string;
      readonly how: string;
      readonly table: string | null;
      readonly column: string | null;
    }[];
    readonly documents: { readonly applied: number; readonly behind: number };
    readonly next: string;
    readonly command: string | null;
  }[];
}
async function planOf(cli: SmallCli): Promise<Plan> {
  const run = await cli.json(["schema", "plan"]);
  expect(run.exit).toBe(0);
  return run.data as Plan;
}
async function digestOf(cli: SmallCli): Promise<unknown> {
  return (await cli.json(["verify", "digest"])).data;
}
async function expectWhole(cli: SmallCli): Promise<void> {
  expect((await cli.json(["verify", "accounting"])).data).toMatchObject({ mismatches: [], exit: 0 });
  expect((await cli.json(["schema", "drift"])).data).toMatchObject({ exit: 0 });
}

function mappingAfter({ edits }: Change): string {
  return edits.reduce((text, [goes, comes]) => {
    if (!text.includes(goes)) throw new Error(`the mapping has no ${goes}`);
    return text.replace(goes, () => comes);
  }, BASE);
}

interface FreshLoad {
  readonly digest: unknown;
  readonly exit: number;
}
const freshLoads = new Map<string, Promise<FreshLoad>>();

/** What a fresh load under the changed mapping gives. */
function freshLoad(change: Change): Promise<FreshLoad> {
  const load = freshLoads.get(change.name) ?? loadFresh(change);
  freshLoads.set(change.name, load);
  return load;
}

async function loadFresh(change: Change): Promise<FreshLoad> {
  await using cli = await changed(captured, mappingAfter(change));
  const { exit } = await cli.run(["transform", ...SOURCE, "--save"]);
  return { digest: await digestOf(cli), exit };
}

test("what the changes are tried on has everything in it", async () => {
  expect((await base.json(["schema", "status"])).data).toMatchObject({ mappings: [{ tables: 2, documents: { applied: 8, behind: 0 } }] });
});

describe("a changed mapping", () => {
  test.each(CHANGES)("$name: the plan says what it means, its commands do it, and the store is as a fresh one", async (change) => {
    const { plan, steps, behind = 0 } = change;
    const fresh = await freshLoad(change);
    await using cli = await changed(base, mappingAfter(change));
    let current = await planOf(cli);
    const lines = current.mappings[0]?.changes.map(({ kind, how, table, column }) =>
      [kind, how, table, column].filter((word) => word !== null).join(" "),
    );
    expect(lines).toEqual(plan);
    for (const step of steps) {
      const { next, command = null } = current.mappings[0] ?? {};
      expect(next).toBe(step);
      const exit = step === "apply" || step === "apply-drop" ? 0 : fresh.exit;
      expect(await cli.run((command ?? "").split(" ").slice(1))).toMatchObject({ exit });
      current = await planOf(cli);
    }
    expect(current).toMatchObject({ changes: 0, mappings: [{ documents: { behind }, next: behind === 0 ? "nothing" : "transform" }] });
    await expectWhole(cli);
    const isAsFresh = JSON.stringify(await digestOf(cli)) === JSON.stringify(fresh.digest);
    expect(isAsFresh).toBe(behind === 0);
  });

  test.each(CHANGES.filter(({ steps }) => !steps.includes("rebuild")))("$name: a rebuild alone does it too", async (change) => {
    const fresh = await freshLoad(change);
    await using cli = await changed(base, mappingAfter(change));
    expect((await cli.run(["rebuild", ...SOURCE])).exit).toBe(fresh.exit);
    expect(await planOf(cli)).toMatchObject({ changes: 0, mappings: [{ documents: { behind: 0 }, next: "nothing" }] });
    expect(await digestOf(cli)).toEqual(fresh.digest);
    await expectWhole(cli);
  });
});
