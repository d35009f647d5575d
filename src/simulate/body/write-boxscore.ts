import type { PlayedGame } from "../game/game-record.ts";
import { isAnnounced } from "../game/game-status.ts";
import type { Side } from "../game/side.ts";
import { SIDES, otherSide } from "../game/side.ts";
import { UMPIRE_POSITIONS } from "../game-setting.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonObject } from "../json-value.ts";
import type { Player } from "../league/player.ts";
import type { GameFigures, PlayerFigures } from "../statistics/tally-game.ts";
import { playersOf } from "../statistics/tally-game.ts";
import { writeBoxscorePlayer } from "./write-boxscore-player.ts";
import { writeGameNotes, writePitchingNotes } from "./write-game-notes.ts";
import { writePerson, writeTeam } from "./write-reference.ts";
import { writeTeamBatting, writeTeamFielding, writeTeamPitching } from "./write-statistics.ts";
import { noteLabels, writePinchHitNotes, writeTeamInfo } from "./write-team-notes.ts";

const TOP_PERFORMERS = 3;

function ids(players: readonly Player[]): number[] {
  return players.map((player) => player.id);
}

function figuresOf(figures: GameFigures, side: Side, player: Player): PlayerFigures {
  const found = figures.teams[side].players.get(player.id);
  if (found === undefined) throw new RangeError(`no figures of ${player.fullName}`);
  return found;
}

function writePlayerOf(game: PlayedGame, figures: GameFigures, side: Side, player: Player): JsonObject {
  const team = game.teams[side];
  const last = game.plays.at(-1);
  return writeBoxscorePlayer(player, {
    team,
    figures: figuresOf(figures, side, player),
    decisions: figures.decisions,
    noteLabel: noteLabels(team).get(player) ?? null,
    isCurrentBatter: last?.batter === player,
    isCurrentPitcher: last?.battingSide === otherSide(side) && last.pitcher === player,
  });
}

function writeBoxscoreTeam(game: PlayedGame, figures: GameFigures, side: Side): JsonObject {
  const team = game.teams[side];
  const own = figures.teams[side];
  const inOrder = team.appearances
    .filter((appearance) => appearance.slot !== null)
    .toSorted((a, b) => (a.slot ?? 0) - (b.slot ?? 0) || a.substituteNumber - b.substituteNumber);
  const pitchers = team.stints.map((stint) => stint.pitcher);
  return {
    team: writeTeam(team.roster.club),
    teamStats: {
      batting: writeTeamBatting(own.batting, own.seasonBatting),
      pitching: writeTeamPitching(own.pitching, own.seasonPitching),
      fielding: writeTeamFielding(own.fielding),
    },
    players: Object.fromEntries(playersOf(team.roster).map((player) => [`ID${player.id}`, writePlayerOf(game, figures, side, player)])),
    batters: ids([...inOrder.map((appearance) => appearance.player), ...pitchers]),
    pitchers: ids(pitchers),
    bench: ids(team.bench),
    bullpen: ids(team.bullpen),
    battingOrder: ids(team.battingOrder.map((appearance) => appearance.player)),
    info: writeTeamInfo(game, side, own),
    note: writePinchHitNotes(game, team),
  };
}

/** Game scores in the manner of the feed: a quiet day is 50, a great one 90. */
function hittingScore({ batting }: PlayerFigures): number {
  if (batting === null) return 0;
  return 42 + 3 * batting.totalBases + 3 * batting.rbi + 2 * batting.runs + 2 * batting.baseOnBalls - batting.strikeOuts;
}

function pitchingScore({ pitching }: PlayerFigures): number {
  if (pitching === null) return 0;
  return 40 + 2 * pitching.outs + pitching.strikeOuts - 2 * pitching.baseOnBalls - 2 * pitching.hits - 3 * pitching.runs;
}

function writeTopPerformers(game: PlayedGame, figures: GameFigures): JsonObject[] {
  const candidates = SIDES.flatMap((side) =>
    playersOf(game.rosters[side]).map((player) => ({ side, player, own: figuresOf(figures, side, player) })),
  ).map((candidate) => {
    const hitting = hittingScore(candidate.own);
    const pitching = pitchingScore(candidate.own);
    const isPitcher = candidate.own.pitching !== null;
    const type = isPitcher ? (candidate.own.pitching?.gamesStarted === 1 ? "starter" : "reliever") : "hitter";
    return {
      ...candidate,
      type,
      gameScore: isPitcher ? pitching : hitting,
      scoreName: isPitcher ? "pitchingGameScore" : "hittingGameScore",
    };
  });
  const byScore = candidates.toSorted((a, b) => b.gameScore - a.gameScore);
  // The feed knows pitchers and hitters among the best; both kinds are shown here too.
  const bestPitcher = byScore.find((candidate) => candidate.type !== "hitter");
  const hitters = byScore.filter((candidate) => candidate.type === "hitter").slice(0, TOP_PERFORMERS - 1);
  return [...(bestPitcher === undefined ? [] : [bestPitcher]), ...hitters]
    .toSorted((a, b) => b.gameScore - a.gameScore)
    .map(({ side, player, type, gameScore, scoreName }) => {
      const written = writePlayerOf(game, figures, side, player);
      return {
        player: { ...written, person: { ...writePerson(player), boxscoreName: player.lastName } },
        type,
        gameScore,
        [scoreName]: gameScore,
      };
    });
}

/** Writes `liveData.boxscore`. */
export function writeBoxscore(game: PlayedGame, figures: GameFigures, setting: GameSetting): JsonObject {
  return {
    teams: { away: writeBoxscoreTeam(game, figures, "away"), home: writeBoxscoreTeam(game, figures, "home") },
    officials: isAnnounced(game.status)
      ? setting.umpires.map((umpire, i) => ({ official: writePerson(umpire), officialType: UMPIRE_POSITIONS[i] ?? "" }))
      : [],
    info: writeGameNotes(game, figures, setting),
    pitchingNotes: writePitchingNotes(game),
    topPerformers: isAnnounced(game.status) ? writeTopPerformers(game, figures) : [],
  };
}
