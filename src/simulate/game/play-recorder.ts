import type { PitchMeasures } from "../measurement/measure-pitch.ts";
import type { HitMeasures } from "../measurement/measure-hit.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { Player } from "../league/player.ts";
import type { Base } from "./base-state.ts";
import { NOTHING_PENDING } from "./game-record.ts";
import type { ActionEvent, Happening, PitchEvent, PitchReview, PlayEvent, Situation } from "./game-record.ts";
import type { Count } from "./count.ts";
import { NO_PITCH_CALLS, PITCH_CALLS } from "./pitch-call.ts";
import type { NoPitchCall, PitchCall } from "./pitch-call.ts";

export interface PitchNote {
  readonly call: PitchCall;
  readonly measures: PitchMeasures;
  readonly hit?: HitMeasures;
  readonly review?: PitchReview | null;
  readonly isOut: boolean;
  readonly isRunnerGoing: boolean;
}

export interface ActionNote
  extends
    Happening,
    Partial<Pick<ActionEvent, "isOut" | "isScoringPlay" | "player" | "umpire" | "injury" | "substitution" | "pitchPlayId" | "base">> {
  readonly description: string;
}

/** Writes down the events of one play as they happen, and keeps the count. */
export class PlayRecorder {
  readonly events: PlayEvent[] = [];
  readonly situations: Situation[];
  readonly startTime: number;
  balls = 0;
  strikes = 0;
  disengagements = 0;
  #pitches = 0;
  readonly #game: GameInProgress;

  constructor(game: GameInProgress) {
    this.#game = game;
    this.startTime = game.now;
    this.situations = [this.#situation()];
  }

  get count(): Count {
    return { balls: this.balls, strikes: this.strikes, outs: this.#game.diamond.outs };
  }

  /** The index that the next event will have. */
  get nextIndex(): number {
    return this.events.length;
  }

  /** Adds a pitch; `outs` of its count are those before it. Gives its play id. */
  pitch(note: PitchNote): string {
    const outs = this.#game.diamond.outs;
    const { verdict } = PITCH_CALLS[note.call];
    if (verdict === "ball") this.balls += 1;
    if (verdict === "strike" && !((note.call === "foul" || note.call === "foulBunt") && this.strikes === 2)) this.strikes += 1;
    this.#pitches += 1;
    this.#game.defense.stint.pitches += 1;
    const playId = this.#game.random.uuid();
    this.#add({
      kind: "pitch",
      playId,
      pitchNumber: this.#pitches,
      call: note.call,
      measures: note.measures,
      hit: note.hit ?? null,
      isOut: note.isOut,
      isRunnerGoing: note.isRunnerGoing,
      disengagements: this.disengagements,
      review: note.review ?? null,
      count: { balls: this.balls, strikes: this.strikes, outs },
      pending: NOTHING_PENDING,
      ...this.#span("event"),
    });
    this.#game.wait("pitch");
    return playId;
  }

  /** Fills in what is known of a ball in play only when it has been played out. */
  amendPitch(index: number, change: Pick<PitchEvent, "call" | "isOut">): void {
    const event = this.events[index];
    if (event?.kind !== "pitch") throw new RangeError(`event ${index} is no pitch`);
    this.events[index] = { ...event, ...change };
  }

  /** When the last event but actions of the bench ended. */
  get endTime(): number {
    return (this.lastPitch ?? this.events.at(-1))?.endTime ?? this.startTime;
  }

  /** `null` in a play without a pitch: an intentional walk, or a third out on the bases before the first pitch. */
  get lastPitch(): PitchEvent | null {
    return this.events.findLast((event) => event.kind === "pitch") ?? null;
  }

  /** Gives its play id. */
  disengagement(kind: "pickoff" | "stepoff", base: Base): string {
    this.disengagements += 1;
    const playId = this.#game.random.uuid();
    const { count, disengagements } = this;
    this.#add({ kind, playId, base, disengagements, count, pending: NOTHING_PENDING, ...this.#span("event") });
    this.#game.wait("event");
    return playId;
  }

  /** Adds what counts without a pitch. Gives its play id. */
  noPitch(call: NoPitchCall, violator: Player | null): string {
    const { verdict } = NO_PITCH_CALLS[call];
    if (verdict === "ball") this.balls += 1;
    if (verdict === "strike") this.strikes += 1;
    const playId = this.#game.random.uuid();
    this.#add({ kind: "no_pitch", playId, call, violator, count: this.count, pending: NOTHING_PENDING, ...this.#span("event") });
    return playId;
  }

  action(note: ActionNote, duration: "event" | "visit" | "pitchingChange" = "event"): void {
    this.#add({
      kind: "action",
      isOut: false,
      isScoringPlay: false,
      player: null,
      umpire: null,
      injury: null,
      substitution: null,
      pitchPlayId: null,
      base: null,
      ...note,
      count: this.count,
      score: this.#game.score,
      pending: NOTHING_PENDING,
      ...this.#span(duration),
    });
  }

  #add(event: PlayEvent): void {
    this.events.push(event);
    this.situations.push(this.#situation());
  }

  #situation(): Situation {
    const { teams, diamond, score } = this.#game;
    return {
      teams: { away: teams.away.snapshot(), home: teams.home.snapshot() },
      bases: diamond.bases,
      count: this.count,
      score,
      movements: diamond.movements.length,
    };
  }

  #span(duration: "event" | "visit" | "pitchingChange"): { startTime: number; endTime: number } {
    const startTime = this.#game.now;
    this.#game.wait(duration);
    return { startTime, endTime: this.#game.now };
  }
}
