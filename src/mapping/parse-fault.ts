/** What stops the reading of one text (a path, an expression): the first thing that is wrong, and where in the text. */
export interface Fault {
  /** Of the character, from 0. */
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly didYouMean?: string | null;
}

export type Parsed<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: Fault };

/** Thrown and caught inside one parser only. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.name = "FaultError";
    this.fault = fault;
  }
}

/** Runs a parser to its end or to its first fault. */
export function parsedBy<Value>(parse: () => Value): Parsed<Value> {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    if (error instanceof FaultError) return { ok: false, fault: error.fault };
    throw error;
  }
}
