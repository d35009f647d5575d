/** Characters that would do something to a terminal, or turn its text around. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of a body for the terminal: control characters are shown, not sent; cut where it is longer than `longest`. */
export function printable(text: string, longest: number = Number.POSITIVE_INFINITY): string {
  const shown = text.replaceAll(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return shown.length > longest ? `${shown.slice(0, Math.max(longest - 1, 0)).replace(/[\uD800-\uDBFF]$/, "")}…` : shown;
}

/** The same for several lines: their ends and tabs are kept. */
export function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      line
        .split("\t")
        .map((part) => printable(part.replace(/\r$/, "")))
        .join("\t"),
    )
    .join("\n");
}
