/** A position as the feed writes it, with the words that its sentences use. */
export interface Position {
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly abbreviation: string;
  /** Who plays there: "first baseman". */
  readonly role: string;
  /** Where that is: "first base". */
  readonly place: string;
}

function position(code: string, name: string, type: string, abbreviation: string, role: string, place: string): Position {
  return { code, name, type, abbreviation, role, place };
}

export const POSITION_NAMES = ["P", "C", "1B", "2B", "3B", "SS", "LF", "CF", "RF", "DH", "PH", "PR"] as const;
export type PositionName = (typeof POSITION_NAMES)[number];

export const POSITIONS: Readonly<Record<PositionName, Position>> = {
  P: position("1", "Pitcher", "Pitcher", "P", "pitcher", "pitcher"),
  C: position("2", "Catcher", "Catcher", "C", "catcher", "catcher"),
  "1B": position("3", "First Base", "Infielder", "1B", "first baseman", "first base"),
  "2B": position("4", "Second Base", "Infielder", "2B", "second baseman", "second base"),
  "3B": position("5", "Third Base", "Infielder", "3B", "third baseman", "third base"),
  SS: position("6", "Shortstop", "Infielder", "SS", "shortstop", "shortstop"),
  LF: position("7", "Outfielder", "Outfielder", "LF", "left fielder", "left field"),
  CF: position("8", "Outfielder", "Outfielder", "CF", "center fielder", "center field"),
  RF: position("9", "Outfielder", "Outfielder", "RF", "right fielder", "right field"),
  DH: position("10", "Designated Hitter", "Hitter", "DH", "designated hitter", "designated hitter"),
  PH: position("11", "Pinch Hitter", "Hitter", "PH", "pinch-hitter", "pinch-hitter"),
  PR: position("12", "Pinch Runner", "Runner", "PR", "pinch-runner", "pinch-runner"),
};

/** The nine who stand in the field. */
export const FIELD_POSITIONS = ["P", "C", "1B", "2B", "3B", "SS", "LF", "CF", "RF"] as const;
export type FieldPosition = (typeof FIELD_POSITIONS)[number];

/** The nine who bat: all in the field but the pitcher, and the designated hitter. */
export const LINEUP_POSITIONS = ["C", "1B", "2B", "3B", "SS", "LF", "CF", "RF", "DH"] as const;
export type LineupPosition = (typeof LINEUP_POSITIONS)[number];

export function isFieldPosition(name: PositionName): name is FieldPosition {
  return name !== "DH" && name !== "PH" && name !== "PR";
}
