import { createHash } from "node:crypto";
import type { DocumentState } from "../slice-application.ts";

/** The rows of one target that a document has. */
export interface RowsHash {
  readonly rows: number;
  readonly hash: string;
}

interface StoredDocument {
  readonly state: string;
  readonly targets: readonly RowsHash[];
}

/** As many as change on one evening, several times over. */
const MAX_DOCUMENTS = 256;

/**
 * What rows the documents have that this process wrote last, as one hash for each target. It holds for a store as long as the applied state of a
 * document there is the one that it was noted with: rows are what one plan makes of one state.
 */
export class StoredDocuments {
  readonly #documents = new Map<string, StoredDocument>();

  /** The rows of a document, by target, and the state that they are of; null where nothing is noted. */
  of(documentKey: string): StoredDocument | null {
    return this.#documents.get(documentKey) ?? null;
  }

  note(state: DocumentState, targets: readonly RowsHash[]): void {
    this.#documents.delete(state.documentKey);
    this.#documents.set(state.documentKey, { state: stateText(state), targets });
    const [oldest] = this.#documents.keys();
    if (oldest !== undefined && this.#documents.size > MAX_DOCUMENTS) this.#documents.delete(oldest);
  }

  /** Whether as many documents as this can be noted. */
  hasRoomFor(documents: number): boolean {
    return documents <= MAX_DOCUMENTS;
  }
}

/** Tells one state of a document from every other. */
export function stateText(state: Omit<DocumentState, "documentKey">): string {
  return JSON.stringify([state.version, state.capturedAt, state.contentHash, state.request, state.capture, state.position]);
}

export function rowsHash(lines: readonly string[]): RowsHash {
  return { rows: lines.length, hash: createHash("sha256").update(lines.join("\n")).digest("base64") };
}
