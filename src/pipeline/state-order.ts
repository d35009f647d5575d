/** SQL: the order key over columns of the document index (`README.md`: it is written down in several places). `DESC`: the newest state first. */
export function stateOrder(direction: "ASC" | "DESC"): string {
  const key = [
    "version IS NOT NULL",
    "coalesce(version, '')",
    "CAST(captured_at AS TIMESTAMPTZ)",
    "content_hash",
    "request",
    "raw_id",
    "position",
  ];
  return key.map((part) => `${part} ${direction}`).join(", ");
}
