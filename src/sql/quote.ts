/** A quoted name: every engine and store of ours spells them so. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal. PostgreSQL takes it so with `standard_conforming_strings`, which our sessions set. */
export function quoteText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
