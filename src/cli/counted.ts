/** `1 file`, `2 files`: a number with its noun. */
export function counted(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? "" : "s"}`;
}
