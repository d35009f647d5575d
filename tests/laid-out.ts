/** Data as JSON for a golden file (integers as `5n`); what fits into a line is one. */
export function laidOut(value: unknown, indent = ""): string {
  const flat = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? `${inner.toString()}n` : inner));
  if (flat.length + indent.length <= 140 || typeof value !== "object" || value === null) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => inner + laidOut(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${laidOut(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open ?? ""}\n${lines.join(",\n")}\n${indent}${close ?? ""}`;
}
