import { describe, expect, test } from "vitest";
import type { MappingSchema, TableSchema } from "./mapping-schema.ts";
import { compareSchemas, describeChange, redoesDocuments } from "./schema-changes.ts";
import { driftOf } from "./schema-drift.ts";

const column = (name: string, type = "TEXT", comment: string | null = null): TableSchema["columns"][number] => ({ name, type, comment });
const table = (name: string, columns = [column("id"), column("size", "INT")], primaryKey = ["id"]): TableSchema => ({
  name,
  comment: `table ${name}`,
  columns,
  primaryKey,
});
const schema = (tables: readonly TableSchema[], fingerprint = "f", key = ["id"]): MappingSchema => ({
  documents: { key, fingerprint },
  tables,
});
const FREE = { keepsColumnsBeforeKey: false };
const BOUND = { keepsColumnsBeforeKey: true };

/** The sentences of what makes one schema the other. */
const said = (stored: Parameters<typeof compareSchemas>[0], wanted: MappingSchema, limits = BOUND): readonly string[] =>
  compareSchemas(stored, wanted, limits).map((change) => `${change.how}: ${describeChange(change)}`);

describe("a stored schema and a wanted one", () => {
  test("that are equal need no change, whatever the order of columns and tables", () => {
    const stored = schema([table("a.b", [column("size", "INT"), column("id")]), table("a.c")]);
    expect(said(stored, schema([table("a.c"), table("a.b")]))).toEqual([]);
  });

  test("differ in tables", () => {
    expect(said(schema([table("a.b")]), schema([table("a.c")]))).toEqual([
      "additive: a.c is in the mapping, not in the store",
      "destructive: a.b is in the store, not in the mapping",
    ]);
  });

  test("differ in columns: added, removed, of another type, with another comment", () => {
    const wanted = table("a.b", [column("id", "TEXT", "Id"), column("size", "BIGINT"), column("more")]);
    expect(said(schema([table("a.b", [column("id"), column("size", "INT"), column("old")])]), schema([wanted]))).toEqual([
      "additive: the comment of a.b.id is another one in the store",
      "rebuild: a.b.size is INT in the store, BIGINT in the mapping",
      "additive: a.b.more is in the mapping, not in the store",
      "destructive: a.b.old is in the store, not in the mapping",
    ]);
  });

  test("differ in the order of the key", () => {
    const columns = [column("id"), column("n")];
    expect(said(schema([table("a.b", columns, ["id", "n"])]), schema([table("a.b", columns, ["n", "id"])]))).toEqual([
      "rebuild: the primary key of a.b is (id, n) in the store, (n, id) in the mapping",
    ]);
  });

  test("differ in how documents are named or taken; a store that never noted it differs in nothing", () => {
    expect(said(schema([]), schema([], "g", ["zone", "id"]))).toEqual([
      "rebuild: documents are named by (id) in the store, by (zone, id) in the mapping",
    ]);
    expect(said(schema([]), schema([], "g"))).toEqual([
      "rebuild: the mapping takes other documents from raw, or reads their key from elsewhere, than the store was filled with",
    ]);
    expect(said({ documents: null, tables: [] }, schema([], "g"))).toEqual([]);
  });

  test("that differ in a column before the key need a rebuild where the store cannot drop it", () => {
    const stored = schema([table("a.b", [column("id"), column("zone"), column("n"), column("last")], ["id", "n"])]);
    const wanted = schema([table("a.b", [column("id"), column("n")], ["id", "n"])]);
    expect(compareSchemas(stored, wanted, BOUND).map(({ how }) => how)).toEqual(["rebuild", "destructive"]);
    expect(compareSchemas(stored, wanted, FREE).map(({ how }) => how)).toEqual(["destructive", "destructive"]);
  });
});

test("documents are redone for new tables and columns and after a rebuild, not for drops and comments", () => {
  const stored = schema([table("a.b", [column("id"), column("size", "INT"), column("old")]), table("a.c")]);
  const wanted = schema([table("a.b", [column("id", "TEXT", "Id"), column("size"), column("more")]), table("a.d")]);
  const changes = compareSchemas(stored, wanted, BOUND);
  expect(Object.fromEntries(changes.map((change) => [change.kind, redoesDocuments(change)]))).toEqual({
    change_comment: false,
    retype_column: true,
    add_column: true,
    drop_column: false,
    create_table: true,
    drop_table: false,
  });
});

test("what would bring a store back is told as what is wrong with it", () => {
  const left = schema([table("a.b"), table("a.c")]);
  const found = { documents: null, tables: [table("a.b", [column("id"), column("size"), column("mine")], [])] };
  expect(driftOf(compareSchemas(found, left, BOUND))).toEqual([
    { kind: "other_key", table: "a.b", column: null, expected: "id", got: null },
    { kind: "other_type", table: "a.b", column: "size", expected: "INT", got: "TEXT" },
    { kind: "unknown_column", table: "a.b", column: "mine", expected: null, got: "TEXT" },
    { kind: "missing_table", table: "a.c", column: null, expected: "the table", got: null },
  ]);
});
