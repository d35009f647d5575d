import { readLines } from "./line-file.ts";
import { rawDamaged } from "./raw-damaged.ts";
import { JSON_TYPES } from "./shape.ts";
import type { PathType, ShapeDictionary } from "./shape.ts";

export const DICTIONARY_FILE = "paths.jsonl";

/** Adds the complete lines from a byte offset on, and gives the offset where they end. @throws OutsideError `raw.damaged`. */
export async function addEntriesFrom(path: string, fromOffset: number, dictionary: ShapeDictionary): Promise<number> {
  let end = fromOffset;
  for await (const line of readLines(path, fromOffset)) {
    const entry = parseEntry(line.text);
    const id = dictionary.size;
    if (entry?.id !== id || dictionary.add(entry) !== id) {
      throw rawDamaged(path, line.start, "no line of the dictionary, or not the next one", `{"id":${String(id)},"path":…,"type":…}`);
    }
    end = line.end;
  }
  return end;
}

/** The line of an entry, with its line feed. */
export function writeEntry(id: number, entry: PathType): string {
  return `${JSON.stringify({ id, path: entry.path, type: entry.type })}\n`;
}

function parseEntry(text: string): (PathType & { readonly id: number }) | null {
  try {
    const { id, path, type } = JSON.parse(text) as Record<string, unknown>;
    const known = JSON_TYPES.find((name) => name === type);
    return typeof id === "number" && typeof path === "string" && known !== undefined ? { id, path, type: known } : null;
  } catch {
    return null;
  }
}
