/**
 * How far a reader has come who comes again: the last capture of a window of transactions, `from` included, `to` not, all of which had ended when it began.
 * Once a window is read to its end, the next one begins where it ended.
 */
export interface RawPosition {
  readonly from: bigint;
  readonly to: bigint;
  readonly id: number;
}

export function writeRawPosition({ from, to, id }: RawPosition): string {
  return `${String(from)}:${String(to)}:${String(id)}`;
}

/** Null is before the first. @throws RangeError for what `writeRawPosition` did not write. */
export function parseRawPosition(text: string | null): RawPosition {
  if (text === null) return { from: 0n, to: 0n, id: 0 };
  const parts = /^([0-9]{1,19}):([0-9]{1,19}):([0-9]{1,15})$/.exec(text);
  if (parts === null) throw new RangeError(`no position of a raw table: ${JSON.stringify(text.slice(0, 100))}`);
  return { from: BigInt(parts[1] ?? 0), to: BigInt(parts[2] ?? 0), id: Number(parts[3]) };
}
