/** One key or index as a step of a JSON pointer (RFC 6901): `/a~1b` for the key `a/b`. */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
