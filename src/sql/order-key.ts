/**
 * Which of two states of a document is newer, written down once for every query that asks: (version, captured at, content hash,
 * request); no version sorts before any version. Texts compare by code point.
 */
function parts(prefix: string): readonly string[] {
  return [
    `${prefix}version IS NOT NULL`,
    `coalesce(${prefix}version, '')`,
    `CAST(${prefix}captured_at AS TIMESTAMPTZ)`,
    `${prefix}content_hash`,
    `${prefix}request`,
  ];
}

/** SQL: the order key of a row, as one value to compare with another row's. */
export function writeOrderKey(alias: string): string {
  return `(${parts(`${alias}.`).join(", ")})`;
}

/** SQL: whether two rows are the same state at another time: the same place in the same body, asked for in the same way. */
export function writeSameState(left: string, right: string): string {
  return `(${["content_hash", "request", "position"].map((column) => `${left}.${column} = ${right}.${column}`).join(" AND ")})`;
}

/** SQL: an ORDER BY over columns of the document index; `DESC` is the newest state first. States that tie in all are the same state: their place only makes the list steady. */
export function writeStateOrder(direction: "ASC" | "DESC"): string {
  return [...parts(""), "raw_id", "position"].map((part) => `${part} ${direction}`).join(", ");
}
