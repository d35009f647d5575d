import { atStep } from "../../core/faults.ts";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { isInstant } from "../../core/instant.ts";
import { sqlStateOf } from "../../postgres/explain-error.ts";
import type { Postgres } from "../../postgres/postgres.ts";
import type { Session } from "../../postgres/session.ts";
import type { SqlParameter } from "../../postgres/values.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Capture, CheckedCapture } from "../capture.ts";
import type { AppendResult } from "../raw-store.ts";
import { requestText } from "../request-text.ts";
import { encodeShape, ShapeDictionary } from "../shape.ts";
import type { BodyShape } from "../shape.ts";
import { CAPTURE_COLUMNS, captureOf } from "./capture-row.ts";
import { INSERT_COLUMNS, quoteTable } from "./raw-table.ts";
import { readDictionary, writeEntries } from "./shape-paths.ts";

/** As in the segments of the embedded store. */
const GZIP_LEVEL = 4;
const GZIP_CHUNK_BYTES = 1 << 18;
/** Compressing more bodies at a time only takes memory: libuv has four threads. */
const PARALLEL_COMPRESSIONS = 4;
const UNIQUE_VIOLATION = "23505";
/** A statement has at most 65,535 parameters. */
const ROWS_PER_STATEMENT = 500;

const compress = promisify<Uint8Array, { level: number; chunkSize: number; strategy: number }, Buffer>(gzip);

/** Appends to one raw table. Writers take turns by a lock of the database, so that ids are in the order of commit. */
export class RawAppender {
  readonly #postgres: Postgres;
  readonly #table: string;
  /** As of the last commit. */
  #dictionary = new ShapeDictionary();
  /** Months whose partitions were seen. */
  readonly #months = new Set<string>();

  constructor(postgres: Postgres, table: string) {
    this.#postgres = postgres;
    this.#table = table;
  }

  async append(batch: readonly CheckedCapture[]): Promise<readonly AppendResult[]> {
    for (const { capturedAt } of batch)
      if (!isInstant(capturedAt)) throw new RangeError(`capturedAt is no canonical instant: ${JSON.stringify(capturedAt)}`);
    // Before the lock is taken, so that bodies are compressed while others write.
    const known = await this.#postgres.withSession((session) => this.#holders(session, batch), { repeats: true });
    const bodies = await compressAll(
      new Map(batch.flatMap(({ contentHash, body }) => (known.has(contentHash) ? [] : [[contentHash, body]]))),
    );
    try {
      return await this.#store(batch, bodies);
    } catch (error) {
      // Somebody who does not take turns stored one of these in between: now it is a duplicate.
      if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error;
      return await this.#store(batch, bodies);
    }
  }

  async #store(batch: readonly CheckedCapture[], bodies: ReadonlyMap<string, Buffer>): Promise<readonly AppendResult[]> {
    const months = new Set(batch.map(({ capturedAt }) => capturedAt.slice(0, 7)));
    await atStep("raw.begin");
    const write = (session: Session): Promise<Written> =>
      session.transaction(async () => {
        await session.run("SELECT pg_advisory_xact_lock(hashtextextended('mlb raw ' || $1, 0))", [this.#table]);
        for (const month of months)
          if (!this.#months.has(month)) await session.run("SELECT mlb.make_raw_partition($1, $2::date)", [this.#table, `${month}-01`]);
        return await this.#write(session, batch, bodies);
      });
    const { results, dictionary } = await this.#postgres.withSession(write, { repeats: true });
    await atStep("raw.done");
    for (const month of months) this.#months.add(month);
    this.#dictionary = dictionary;
    return results;
  }

  async #write(session: Session, batch: readonly CheckedCapture[], bodies: ReadonlyMap<string, Buffer>): Promise<Written> {
    const captures = await this.#stored(session, batch);
    const holders = await this.#holders(session, batch);
    const isNew = new Set(batch.map(identityOf).filter((identity) => !captures.has(identity)));
    const ids = await session.rows(`SELECT nextval(pg_get_serial_sequence($1, 'id')) AS id FROM generate_series(1, $2)`, [
      quoteTable(this.#table),
      isNew.size,
    ]);
    // A copy: what is numbered here may be rolled back.
    const dictionary = new ShapeDictionary(this.#dictionary.entries);
    for (const entry of await readDictionary(session, this.#table, dictionary.size)) dictionary.add(entry);
    const firstNewEntry = dictionary.size;
    const results: AppendResult[] = [];
    const rows: (readonly SqlParameter[])[] = [];
    for (const checked of batch) {
      const identity = identityOf(checked);
      const stored = captures.get(identity);
      if (stored !== undefined) {
        results.push({ capture: stored, outcome: "duplicate", sharedBody: true });
        continue;
      }
      const id = Number(ids[rows.length]?.["id"]);
      const holder = holders.get(checked.contentHash);
      const shape = checked.shape === null ? null : numbersOf(checked.shape, dictionary);
      const capture = newCapture(checked, id, shape, holder ?? id);
      rows.push(
        rowOf(checked, capture, holder === undefined ? (bodies.get(checked.contentHash) ?? (await compressBody(checked.body))) : null),
      );
      if (holder === undefined) holders.set(checked.contentHash, id);
      captures.set(identity, capture);
      results.push({ capture, outcome: "stored", sharedBody: holder !== undefined });
    }
    if (rows.length === 0) return { results, dictionary };
    await atStep("raw.bodies");
    await writeEntries(session, this.#table, dictionary.entries.slice(firstNewEntry), firstNewEntry);
    for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT)
      await insertRows(session, this.#table, rows.slice(at, at + ROWS_PER_STATEMENT));
    await session.run("SELECT pg_notify('mlb_raw', $1)", [this.#table]);
    return { results, dictionary };
  }

  /** Those of the batch that are there before, by identity. */
  async #stored(session: Session, batch: readonly CheckedCapture[]): Promise<Map<string, Capture>> {
    const found = await findCaptures(session, this.#table, batch);
    return new Map(found.map((capture) => [identityOf(capture), capture]));
  }

  /** By content hash, the captures that have bodies of the batch. */
  async #holders(session: Session, batch: readonly CheckedCapture[]): Promise<Map<string, number>> {
    const rows = await session.rows(
      `SELECT u.hash, h.holder FROM unnest($1::text[]) u (hash)
       CROSS JOIN LATERAL (SELECT coalesce(r.body_of, r.id) AS holder FROM ${quoteTable(this.#table)} r WHERE r.content_hash = u.hash LIMIT 1) h`,
      [[...new Set(batch.map(({ contentHash }) => contentHash))]],
    );
    return new Map(rows.map((row) => [sqlText(row["hash"]), Number(row["holder"])]));
  }
}

/** What a transaction made, to be believed once it is committed. */
interface Written {
  readonly results: readonly AppendResult[];
  readonly dictionary: ShapeDictionary;
}

/** A shape in numbers of the dictionary, which gets what it lacks. */
function numbersOf(shape: BodyShape, dictionary: ShapeDictionary): string {
  return encodeShape(
    shape.entries.map((entry) => {
      const pair = shape.vocabulary.entries[entry];
      if (pair === undefined) throw new RangeError(`shape entry ${String(entry)} is not in its vocabulary`);
      return dictionary.add(pair);
    }),
  );
}

/** The stored captures of the same request, time and content. */
export async function findCaptures(session: Session, table: string, captures: readonly CheckedCapture[]): Promise<readonly Capture[]> {
  const rows = await session.rows(
    `SELECT DISTINCT ${CAPTURE_COLUMNS} FROM unnest($1::text[], $2::timestamptz[], $3::text[]) u (hash, at, request)
     JOIN ${quoteTable(table)} r ON r.content_hash = u.hash AND r.captured_at = u.at AND r.request = u.request COLLATE "C"`,
    [
      captures.map(({ contentHash }) => contentHash),
      captures.map(({ capturedAt }) => capturedAt),
      captures.map(({ parameters }) => requestText(parameters)),
    ],
  );
  return rows.map((row) => captureOf(table, row));
}

function identityOf({ contentHash, capturedAt, parameters }: Pick<Capture, "contentHash" | "capturedAt" | "parameters">): string {
  return `${contentHash} ${capturedAt} ${requestText(parameters)}`;
}

async function compressAll(bodies: ReadonlyMap<string, Buffer>): Promise<ReadonlyMap<string, Buffer>> {
  const compressed = new Map<string, Buffer>();
  const queue = bodies.entries();
  const worker = async (): Promise<void> => {
    for (const [hash, body] of queue) compressed.set(hash, await compressBody(body));
  };
  await Promise.all(Array.from({ length: PARALLEL_COMPRESSIONS }, worker));
  return compressed;
}

async function compressBody(body: Buffer): Promise<Buffer> {
  return await compress(body, { level: GZIP_LEVEL, chunkSize: GZIP_CHUNK_BYTES, strategy: constants.Z_DEFAULT_STRATEGY });
}

function newCapture(checked: CheckedCapture, id: number, shape: string | null, holder: number): Capture {
  const { endpoint, method, parameters, status, capturedAt, kind, contentHash, body, failure } = checked;
  return {
    id,
    endpoint,
    method,
    parameters: Object.fromEntries(JSON.parse(requestText(parameters)) as readonly (readonly [string, string])[]),
    url: checked.url === null ? null : storableText(checked.url),
    status,
    capturedAt,
    kind,
    contentHash,
    bytes: body.length,
    shape,
    failure,
    place: { capture: holder },
  };
}

/** A text of the server has no U+0000 and no half of a surrogate pair. In a URL the first is written so. */
function storableText(url: string): string {
  return Buffer.from(url.replaceAll("\u0000", "%00"), "utf8").toString("utf8");
}

/** The types of `rowOf`'s values, whose last is the body as text: the server makes `data` of it. */
const ROW_TYPES = [
  "bigint",
  "timestamptz",
  "text",
  "text",
  "text",
  "integer",
  "text",
  "text",
  "bigint",
  "text",
  "text",
  "text",
  "text",
  "bytea",
  "bigint",
  "text",
];
const ROW_NAMES =
  "id, captured_at, request, parameters, url, status, kind, content_hash, bytes, shape, failure_code, failure_message, failure_place, body, body_of, content";

function rowOf(checked: CheckedCapture, capture: Capture, body: Buffer | null): readonly SqlParameter[] {
  const { id, capturedAt, url, status, kind, contentHash, bytes, shape, failure, parameters } = capture;
  const place = failure === null || failure.place === null ? null : JSON.stringify(failure.place);
  return [
    id,
    capturedAt,
    requestText(parameters),
    JSON.stringify(parameters),
    url,
    status,
    kind,
    contentHash,
    bytes,
    shape,
    failure?.code ?? null,
    failure?.message ?? null,
    place,
    body,
    body === null && "capture" in capture.place ? capture.place.capture : null,
    // As bytes, which is how the server reads a text.
    failure === null ? checked.body : null,
  ];
}

async function insertRows(session: Session, table: string, rows: readonly (readonly SqlParameter[])[]): Promise<void> {
  const values = rows.map(
    (row, n) => `(${row.map((_, at) => `$${String(n * row.length + at + 1)}${n === 0 ? `::${ROW_TYPES[at] ?? ""}` : ""}`).join(", ")})`,
  );
  await session.run(
    `INSERT INTO ${quoteTable(table)} (id, ${INSERT_COLUMNS.join(", ")})
     SELECT v.id, v.captured_at, v.request, p.data, v.url, v.status, v.kind, v.content_hash, v.bytes, v.shape, v.failure_code, v.failure_message,
       v.failure_place, v.body, v.body_of, j.data, j.problem
     FROM (VALUES ${values.join(", ")}) v (${ROW_NAMES})
     CROSS JOIN LATERAL mlb.read_jsonb(v.content) j
     CROSS JOIN LATERAL mlb.read_jsonb(v.parameters) p`,
    rows.flat(),
  );
}
