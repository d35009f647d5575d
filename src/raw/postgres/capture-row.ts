import { type SqlRow, sqlText, sqlTextOrNull } from "../../sql/sql-value.ts";
import { BODY_FAILURE_CODES, type BodyFailure } from "../body.ts";
import { CAPTURE_KINDS, type Capture } from "../capture.ts";

/** What `captureOf` reads of a row of a raw table, which a query calls `r`. */
export const CAPTURE_COLUMNS =
  "r.id, r.captured_at, r.request, r.url, r.status, r.kind, r.content_hash, r.bytes, r.shape, r.failure_code, r.failure_message, r.failure_place, r.body_of";

/** A row of a raw table as a capture. @throws Error where another program wrote it. */
export function captureOf(table: string, row: SqlRow): Capture {
  const [endpoint = "", method = ""] = table.split(".");
  const kind = CAPTURE_KINDS.find((name) => name === row["kind"]);
  if (kind === undefined) throw new Error(`${table} has a capture of the kind ${sqlText(row["kind"])}`);
  const id = Number(row["id"]);
  return {
    id,
    endpoint,
    method,
    parameters: Object.fromEntries(JSON.parse(sqlText(row["request"])) as readonly (readonly [string, string])[]),
    url: sqlTextOrNull(row["url"]),
    status: row["status"] === null ? null : Number(row["status"]),
    capturedAt: sqlText(row["captured_at"]),
    kind,
    contentHash: sqlText(row["content_hash"]),
    bytes: Number(row["bytes"]),
    shape: sqlTextOrNull(row["shape"]),
    failure: failureOf(row),
    place: { capture: row["body_of"] === null ? id : Number(row["body_of"]) },
  };
}

function failureOf(row: SqlRow): BodyFailure | null {
  if (row["failure_code"] === null) return null;
  const code = BODY_FAILURE_CODES.find((name) => name === row["failure_code"]);
  if (code === undefined) throw new Error(`unknown failure of a capture: ${sqlText(row["failure_code"])}`);
  const place = sqlTextOrNull(row["failure_place"]);
  return { code, message: sqlText(row["failure_message"]), place: place === null ? null : (JSON.parse(place) as BodyFailure["place"]) };
}
