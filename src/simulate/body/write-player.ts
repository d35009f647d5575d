import type { JsonObject } from "../json-value.ts";
import type { Hand, Player } from "../league/player.ts";
import { POSITIONS } from "../league/position.ts";
import { writePerson, writePosition } from "./write-reference.ts";

export function writeSide(hand: Hand | "S"): JsonObject {
  return { code: hand, description: { L: "Left", R: "Right", S: "Switch" }[hand] };
}

/** Whole years from one date to another (`YYYY-MM-DD`). */
function yearsBetween(from: string, to: string): number {
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  return to.slice(5) < from.slice(5) ? years - 1 : years;
}

/** Only those of the entries that have a value: the feed leaves out what it does not know. */
function present(entries: Readonly<Record<string, string | number | null>>): JsonObject {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== null));
}

/** Writes a player of `gameData.players`. */
export function writePlayer(player: Player, date: string): JsonObject {
  const { firstName, lastName, middleName, suffix } = player;
  const lastWithSuffix = suffix === null ? lastName : `${lastName} ${suffix}`;
  return {
    ...writePerson(player),
    firstName,
    lastName,
    primaryNumber: player.jerseyNumber,
    birthDate: player.birthDate,
    currentAge: yearsBetween(player.birthDate, date),
    birthCity: player.birthCity,
    ...present({ birthStateProvince: player.birthStateProvince }),
    birthCountry: player.birthCountry,
    height: `${Math.floor(player.heightInches / 12)}' ${player.heightInches % 12}"`,
    weight: player.weightPounds,
    active: player.lastPlayedDate === null,
    primaryPosition: writePosition(POSITIONS[player.primaryPosition]),
    useName: firstName,
    useLastName: lastWithSuffix,
    middleName,
    boxscoreName: lastWithSuffix,
    ...present({ nickName: player.nickName }),
    gender: "M",
    ...present({ nameMatrilineal: player.matrilinealName }),
    isPlayer: true,
    isVerified: true,
    ...present({ draftYear: player.draftYear, pronunciation: player.pronunciation }),
    ...present({ lastPlayedDate: player.lastPlayedDate }),
    mlbDebutDate: player.debutDate,
    batSide: writeSide(player.bats),
    pitchHand: writeSide(player.throws),
    nameFirstLast: player.fullName,
    ...present({ nameTitle: suffix, nameSuffix: suffix }),
    nameSlug: `${firstName}-${lastName}-${player.id}`.toLowerCase(),
    firstLastName: player.fullName,
    lastFirstName: `${lastWithSuffix}, ${firstName}`,
    lastInitName: `${lastWithSuffix}, ${firstName.charAt(0)}`,
    initLastName: `${firstName.charAt(0)} ${lastWithSuffix}`,
    fullFMLName: `${firstName} ${middleName} ${lastWithSuffix}`,
    fullLFMName: `${lastWithSuffix}, ${firstName} ${middleName}`,
    strikeZoneTop: player.strikeZoneTop,
    strikeZoneBottom: player.strikeZoneBottom,
  };
}
