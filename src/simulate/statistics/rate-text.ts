/** How the feed writes rates: as text, without a zero before the point, and with dashes where there is nothing to divide by. */
export function average(part: number, whole: number, none = ".000"): string {
  return whole === 0 ? none : withoutLeadingZero((part / whole).toFixed(3));
}

export function ratio(part: number, whole: number, none = "-.--"): string {
  return whole === 0 ? none : (part / whole).toFixed(2);
}

/** "6.2": six innings and two outs. */
export function inningsText(outs: number): string {
  return `${Math.floor(outs / 3)}.${outs % 3}`;
}

/** Share of strikes, cut to two digits and written with three, as the feed does. */
export function strikeShare(strikes: number, pitches: number): string {
  return pitches === 0 ? "-.--" : `${withoutLeadingZero((Math.floor((strikes / pitches) * 100) / 100).toFixed(2))}0`;
}

function withoutLeadingZero(text: string): string {
  return text.startsWith("0.") ? text.slice(1) : text;
}
