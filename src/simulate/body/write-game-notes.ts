import { SIDES } from "../game/side.ts";
import type { PlayedGame } from "../game/game-record.ts";
import { isAnnounced, isOver } from "../game/game-status.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonValue } from "../json-value.ts";
import type { PitchingLine } from "../statistics/counts.ts";
import type { GameFigures } from "../statistics/tally-game.ts";
import { clockText, longDateText } from "./write-time.ts";

/** Writes the box score's `info`: pitchers' figures, umpires, weather and attendance in words. */
export function writeGameNotes(game: PlayedGame, figures: GameFigures, setting: GameSetting): JsonValue[] {
  const pitchers = SIDES.flatMap((side) =>
    game.teams[side].stints.flatMap(({ pitcher }) => {
      const line = figures.teams[side].players.get(pitcher.id)?.pitching ?? null;
      return line === null ? [] : [{ name: pitcher.lastName, line }];
    }),
  );
  const list = (text: (line: PitchingLine) => string | null): string =>
    `${pitchers.flatMap(({ name, line }) => (text(line) === null ? [] : [`${name} ${text(line) ?? ""}`])).join("; ")}.`;
  const counted = (label: string, count: (line: PitchingLine) => number): JsonValue[] =>
    pitchers.some(({ line }) => count(line) > 0)
      ? [{ label, value: list((line) => (count(line) === 0 ? null : String(count(line)))) }]
      : [];
  const hasInherited = pitchers.some(({ line }) => line.inheritedRunners > 0);

  const { club } = game.rosters.home;
  const minutes = Math.round((game.endTime - game.startTime) / 60_000);
  const umpires = setting.umpires.map(({ fullName }, i) => `${["HP", "1B", "2B", "3B"][i] ?? ""}: ${fullName}.`);
  const { weather } = setting;
  if (!isAnnounced(game.status))
    return [{ label: "Umpires", value: "" }, { label: "Venue", value: `${club.venue.name}.` }, { label: longDateText(setting.date) }];
  const start = clockText(setting.startTime, club.venue.timeZone.offsetHours);
  return [
    ...counted("WP", (line) => line.wildPitches),
    ...counted("HBP", (line) => line.hitBatsmen),
    { label: "Pitches-strikes", value: list((line) => `${line.numberOfPitches}-${line.strikes}`) },
    { label: "Groundouts-flyouts", value: list((line) => `${line.groundOuts}-${line.flyOuts}`) },
    ...counted("Batters faced", (line) => line.battersFaced),
    ...(hasInherited
      ? [
          {
            label: "Inherited runners-scored",
            value: list((line) => (line.inheritedRunners === 0 ? null : `${line.inheritedRunners}-${line.inheritedRunnersScored}`)),
          },
        ]
      : []),
    { label: "Umpires", value: `${umpires.join(" ")} ` },
    { label: "Weather", value: `${weather.fahrenheit} degrees, ${weather.condition}.` },
    { label: "Wind", value: `${weather.windMph} mph, ${weather.windDirection}.` },
    { label: "First pitch", value: `${start.time} ${start.ampm}.` },
    ...(isOver(game.status)
      ? [
          { label: "T", value: `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}.` },
          { label: "Att", value: `${String(setting.attendance).replace(/(\d+)(\d{3})$/, "$1,$2")}.` },
        ]
      : []),
    { label: "Venue", value: `${club.venue.name}.` },
    { label: longDateText(setting.date) },
  ];
}
