import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { ColumnType, ColumnTypeName } from "../mapping/column-type.ts";

/** A digest of rows that any engine and store must give: order of rows means nothing. */
export interface TableDigest {
  readonly rows: number;
  /** Sum of the row hashes modulo 2^128 with the count before it: `<count>:<32 hex digits>`. */
  readonly digest: string;
}

/**
 * A column's value as a store reads it for a digest: integers as bigint or number, DOUBLE as number, NUMERIC as text at its
 * scale, dates as `YYYY-MM-DD`, times as microseconds (bigint), JSONB as text, the rest as it is.
 */
export type DigestValue = null | boolean | number | bigint | string;

const MODULUS = 1n << 128n;

/** Adds up row hashes: SHA-256 over the columns in mapping order, each tagged with its kind and length. */
export class DigestBuilder {
  readonly #types: readonly ColumnType[];
  #rows = 0;
  #sum = 0n;

  constructor(types: readonly ColumnType[]) {
    this.#types = types;
  }

  add(row: readonly DigestValue[]): void {
    const hash = createHash("sha256");
    for (const [at, type] of this.#types.entries()) hash.update(encode(type, row[at] ?? null));
    this.#sum = (this.#sum + BigInt(`0x${hash.digest("hex")}`)) % MODULUS;
    this.#rows++;
  }

  result(): TableDigest {
    return { rows: this.#rows, digest: `${String(this.#rows)}:${this.#sum.toString(16).padStart(32, "0")}` };
  }
}

/** Tag, length and bytes of a value, so that no two rows give the same bytes. */
function encode(type: ColumnType, value: DigestValue): Buffer {
  if (value === null) return Buffer.from("N");
  if (type.name === "DOUBLE") {
    const bits = Buffer.alloc(9);
    bits.write("D");
    bits.writeDoubleBE(Number(value) === 0 ? 0 : Number(value), 1);
    return bits;
  }
  const [tag, text] = textOf(type.name, value);
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from(`${tag}${String(bytes.length)}:`), bytes]);
}

function textOf(type: Exclude<ColumnTypeName, "DOUBLE">, value: Exclude<DigestValue, null>): readonly [string, string] {
  switch (type) {
    case "BIGINT":
    case "INT":
      return ["I", String(value)];
    case "BOOLEAN":
      return ["B", value === true || value === "true" ? "1" : "0"];
    case "DATE":
      return ["Y", String(value)];
    case "TIMESTAMPTZ":
      return ["U", String(value)];
    case "NUMERIC":
      return ["M", String(value)];
    case "JSONB":
      return ["J", canonicalize(JSON.parse(String(value))) ?? ""];
    case "VARCHAR":
    case "TEXT":
      return ["T", String(value)];
  }
}

/** One digest over those of several tables, in the order of their names. */
export function combineDigests(tables: readonly { readonly name: string; readonly digest: string }[]): string {
  const hash = createHash("sha256");
  for (const { name, digest } of tables.toSorted((a, b) => (a.name < b.name ? -1 : 1))) hash.update(`${name} ${digest}\n`);
  return hash.digest("hex").slice(0, 32);
}
