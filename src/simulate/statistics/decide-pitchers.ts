import { outsOn } from "../game/game-record.ts";
import { leadOf, otherSide } from "../game/side.ts";
import type { Play, PlayedGame } from "../game/game-record.ts";
import type { Score, Side } from "../game/side.ts";
import type { Player } from "../league/player.ts";

/** Who is credited with the game. Holds and blown saves are ids of both teams' relievers. */
export interface Decisions {
  readonly winner: Player;
  readonly loser: Player;
  readonly save: Player | null;
  readonly holds: ReadonlySet<number>;
  readonly blownSaves: ReadonlySet<number>;
}

interface Relief {
  readonly pitcher: Player;
  readonly leadAtEntry: number;
  readonly runnersAtEntry: number;
  readonly inning: number;
  outs: number;
  hasLostLead: boolean;
  leadAtExit: number;
}

/** The play with which the winners took the lead for good, and by whose fault the run scored that did it. */
function findGoAhead(plays: readonly Play[], winningSide: Side): { readonly play: Play; readonly responsible: Player } {
  const lastEven = plays.findLastIndex((play) => leadOf(play.score, winningSide) <= 0);
  const play = plays[lastEven + 1];
  if (play === undefined) throw new RangeError("nobody has won");
  const before = plays[lastEven];
  const deficit = before === undefined ? 0 : -leadOf(before.score, winningSide);
  const runs = play.movements.filter((movement) => movement.end === "score");
  return { play, responsible: runs[deficit]?.responsiblePitcher ?? play.pitcher };
}

/** What each pitcher of a side met and left, in the order of their coming. */
function reliefsOf(plays: readonly Play[], side: Side): Relief[] {
  const reliefs: Relief[] = [];
  let scoreBefore: Score = { away: 0, home: 0 };
  for (const play of plays) {
    if (play.battingSide !== side) {
      let current = reliefs.at(-1);
      if (current?.pitcher !== play.pitcher) {
        const runnersAtEntry = Object.values(play.basesBefore).filter((runner) => runner !== null).length;
        current = {
          pitcher: play.pitcher,
          leadAtEntry: leadOf(scoreBefore, side),
          runnersAtEntry,
          inning: play.inning,
          outs: 0,
          hasLostLead: false,
          leadAtExit: 0,
        };
        reliefs.push(current);
      }
      current.outs += outsOn(play);
      current.leadAtExit = leadOf(play.score, side);
      if (current.leadAtExit <= 0) current.hasLostLead = true;
    }
    scoreBefore = play.score;
  }
  return reliefs;
}

function isSaveSituation(relief: Relief): boolean {
  return relief.leadAtEntry >= 1 && (relief.leadAtEntry <= 3 || relief.leadAtEntry <= relief.runnersAtEntry + 2);
}

/** Applies the rules of scoring: the pitcher of record when his team took the lead for good, and so on. */
export function decidePitchers(game: PlayedGame): Decisions {
  const { plays } = game;
  const last = plays.at(-1);
  if (last === undefined) throw new RangeError("nothing was played");
  const winningSide: Side = last.score.home > last.score.away ? "home" : "away";
  const { play: deciding, responsible: loser } = findGoAhead(plays, winningSide);
  const winners = reliefsOf(plays, winningSide);
  const closer = winners.at(-1);

  const ofRecord =
    plays.findLast((play) => play.index <= deciding.index && play.battingSide !== winningSide)?.pitcher ?? winners[0]?.pitcher;
  const starter = winners[0];
  const isStarterTooShort = ofRecord === starter?.pitcher && (starter?.outs ?? 0) < 15 && winners.length > 1;
  const winner = isStarterTooShort
    ? winners.slice(1).reduce((best, relief) => (relief.outs > best.outs ? relief : best)).pitcher
    : ofRecord;
  if (winner === undefined) throw new RangeError("the winners have not pitched");

  const isSaved =
    closer !== undefined &&
    winners.length > 1 &&
    closer.pitcher !== winner &&
    !closer.hasLostLead &&
    (isSaveSituation(closer) || closer.outs >= 9);
  const save = isSaved ? closer.pitcher : null;
  const reliefs = [...winners.slice(1), ...reliefsOf(plays, otherSide(winningSide)).slice(1)].filter(
    (relief) => isSaveSituation(relief) && relief.inning >= 6,
  );
  const isCredited = (pitcher: Player): boolean => pitcher === winner || pitcher === loser || pitcher === save;
  return {
    winner,
    loser,
    save,
    holds: new Set(
      reliefs
        .filter((relief) => !relief.hasLostLead && relief.outs > 0 && relief !== closer && !isCredited(relief.pitcher))
        .map((relief) => relief.pitcher.id),
    ),
    blownSaves: new Set(reliefs.filter((relief) => relief.hasLostLead).map((relief) => relief.pitcher.id)),
  };
}
