import { otherSide, outsOn } from "../game/game-record.ts";
import type { Play, PlayedGame, Score, Side } from "../game/game-record.ts";
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

function lead(score: Score, side: Side): number {
  return score[side] - score[otherSide(side)];
}

/** The play after which the winner was never caught again. */
function decidingPlay(plays: readonly Play[], winningSide: Side): Play {
  const lastEven = plays.findLastIndex((play) => lead(play.score, winningSide) <= 0);
  const play = plays[lastEven + 1];
  if (play === undefined) throw new RangeError("nobody has won");
  return play;
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
        current = { pitcher: play.pitcher, leadAtEntry: lead(scoreBefore, side), runnersAtEntry, inning: play.inning, outs: 0, hasLostLead: false, leadAtExit: 0 };
        reliefs.push(current);
      }
      current.outs += outsOn(play);
      current.leadAtExit = lead(play.score, side);
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
  const deciding = decidingPlay(plays, winningSide);
  const winners = reliefsOf(plays, winningSide);
  const closer = winners.at(-1);

  const goAhead = deciding.movements.filter((movement) => movement.end === "score");
  const loser = goAhead.at(-1)?.responsiblePitcher ?? deciding.pitcher;
  const ofRecord = plays.findLast((play) => play.index <= deciding.index && play.battingSide !== winningSide)?.pitcher ?? winners[0]?.pitcher;
  const starter = winners[0];
  const isStarterTooShort = ofRecord === starter?.pitcher && (starter?.outs ?? 0) < 15 && winners.length > 1;
  const winner = isStarterTooShort ? winners.slice(1).reduce((best, relief) => (relief.outs > best.outs ? relief : best)).pitcher : ofRecord;
  if (winner === undefined) throw new RangeError("the winners have not pitched");

  const isSaved = closer !== undefined && winners.length > 1 && closer.pitcher !== winner && !closer.hasLostLead && (isSaveSituation(closer) || closer.outs >= 9);
  const save = isSaved ? closer.pitcher : null;
  const reliefs = [...winners.slice(1), ...reliefsOf(plays, otherSide(winningSide)).slice(1)].filter((relief) => isSaveSituation(relief) && relief.inning >= 6);
  const isCredited = (pitcher: Player): boolean => pitcher === winner || pitcher === loser || pitcher === save;
  return {
    winner,
    loser,
    save,
    holds: new Set(reliefs.filter((relief) => !relief.hasLostLead && relief.outs > 0 && relief !== closer && !isCredited(relief.pitcher)).map((relief) => relief.pitcher.id)),
    blownSaves: new Set(reliefs.filter((relief) => relief.hasLostLead).map((relief) => relief.pitcher.id)),
  };
}
