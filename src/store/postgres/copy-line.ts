const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A row as `COPY` reads it, in PostgreSQL's text format. */
export function copyLine(values: readonly (string | number | boolean | null)[]): string {
  return values
    .map((value) => (value === null ? "\\N" : String(value).replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)))
    .join("\t");
}
