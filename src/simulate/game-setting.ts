import type { RandomSource } from "./random-source.ts";
import { GIVEN_NAMES } from "./league/invented-names.ts";

/** An umpire, scorer or datacaster. */
export interface Official {
  readonly id: number;
  readonly fullName: string;
}

export const UMPIRE_POSITIONS = ["Home Plate", "First Base", "Second Base", "Third Base"] as const;

/** What is settled of a game before its first pitch, apart from the teams. */
export interface GameSetting {
  readonly gamePk: number;
  /** `YYYY-MM-DD` in the park's time zone. */
  readonly date: string;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  /** The day for which the game was announced at first; `null` if it was played on that day. */
  readonly postponedFrom: Pick<GameSetting, "date" | "startTime"> | null;
  /** In the order of `UMPIRE_POSITIONS`. */
  readonly umpires: readonly Official[];
  readonly officialScorer: Official;
  readonly datacaster: Official;
  readonly weather: { readonly condition: string; readonly fahrenheit: number; readonly windMph: number; readonly windDirection: string };
  readonly attendance: number;
}

export interface GameSettingSpec {
  readonly gamePk: number;
  readonly date: string;
  readonly startTime: number;
  readonly postponedFrom: GameSetting["postponedFrom"];
  readonly capacity: number;
  readonly firstOfficialId: number;
  /** Surnames, each used once; at least six. */
  readonly lastNames: readonly string[];
}

export function makeGameSetting(random: RandomSource, spec: GameSettingSpec): GameSetting {
  const officials = spec.lastNames.slice(0, UMPIRE_POSITIONS.length + 2).map((lastName, i): Official => {
    return { id: spec.firstOfficialId + i, fullName: `${random.pick(GIVEN_NAMES)} ${lastName} (sim)` };
  });
  const [officialScorer, datacaster, ...umpires] = officials;
  if (officialScorer === undefined || datacaster === undefined) throw new RangeError("not enough names for the officials");
  return {
    gamePk: spec.gamePk,
    date: spec.date,
    startTime: spec.startTime,
    postponedFrom: spec.postponedFrom,
    umpires,
    officialScorer,
    datacaster,
    weather: {
      condition: random.pick(["Clear", "Partly Cloudy", "Cloudy", "Sunny"]),
      fahrenheit: random.integer(64, 92),
      windMph: random.integer(2, 14),
      windDirection: random.pick(["Out To CF", "In From LF", "L To R", "R To L"]),
    },
    attendance: random.integer(Math.round(spec.capacity * 0.45), spec.capacity),
  };
}
