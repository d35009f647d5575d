import { SIDES } from "../game/side.ts";
import { ordinal } from "../game/base-state.ts";
import { outsOn } from "../game/game-record.ts";
import type { PlayedGame } from "../game/game-record.ts";
import { isAnnounced, isOver } from "../game/game-status.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonValue } from "../json-value.ts";
import type { PitchingLine } from "../statistics/counts.ts";
import type { GameFigures } from "../statistics/tally-game.ts";
import { clockText, durationMinutes, longDateText } from "./write-time.ts";

function hoursText(minutes: number): string {
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

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
  const minutes = durationMinutes(game);
  const delay = Math.round((game.delays.ofStart + game.delays.inGame) / 60_000);
  const umpires = setting.umpires.map(({ fullName }, i) => `${["HP", "1B", "2B", "3B"][i] ?? ""}: ${fullName}.`);
  const { weather } = setting;
  if (!isAnnounced(game.status))
    return [
      { label: "Umpires", value: "" },
      { label: "Venue", value: `${club.venue.name}.` },
      { label: longDateText(setting.fixture.date) },
    ];
  const start = clockText(game.startTime, club.venue.timeZone.offsetHours);
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
          { label: "T", value: `${hoursText(minutes)}${delay === 0 ? "" : ` (${hoursText(delay)} delay)`}.` },
          { label: "Att", value: `${String(setting.attendance).replace(/(\d+)(\d{3})$/, "$1,$2")}.` },
        ]
      : []),
    { label: "Venue", value: `${club.venue.name}.` },
    { label: longDateText(setting.fixture.date) },
  ];
}

/** Writes `pitchingNotes`: who was taken out without an out in his last inning. */
export function writePitchingNotes(game: PlayedGame): string[] {
  return SIDES.flatMap((side) => {
    const faced = game.plays.filter((play) => play.battingSide !== side);
    return game.teams[side].stints.slice(0, -1).flatMap(({ pitcher }) => {
      const own = faced.filter((play) => play.pitcher === pitcher);
      const inning = own.at(-1)?.inning ?? 0;
      const last = own.filter((play) => play.inning === inning);
      if (last.length === 0 || last.some((play) => outsOn(play) > 0)) return [];
      return [`${pitcher.lastName} pitched to ${last.length} ${last.length === 1 ? "batter" : "batters"} in the ${ordinal(inning)}.`];
    });
  });
}
