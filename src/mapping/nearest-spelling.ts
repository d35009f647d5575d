/** Longer texts are no misspelt words, and comparing them costs time. */
const MAX_LENGTH = 128;
const MAX_EDITS = 3;

/**
 * Gives the candidate that a written word most likely meant; null where none is near (more than three edits, or than a third of its letters, apart).
 * Case counts little: `BigInt` is near `BIGINT`.
 */
export function nearestSpelling(written: string, candidates: Iterable<string>): string | null {
  if (written.length === 0 || written.length > MAX_LENGTH) return null;
  let nearest: string | null = null;
  let least = Math.min(MAX_EDITS, Math.max(1, Math.floor(written.length / 3))) + 1;
  for (const candidate of candidates) {
    if (candidate === written || candidate.length > MAX_LENGTH) continue;
    const sameButCase = candidate.toLowerCase() === written.toLowerCase();
    const distance = sameButCase ? 0.5 : editDistance(written, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Damerau-Levenshtein (optimal string alignment): insert, delete, replace, swap of two neighbours, each counts 1. */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1;
      let best = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (isSwap) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
