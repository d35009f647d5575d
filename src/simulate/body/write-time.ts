import type { PlayedGame } from "../game/game-record.ts";

/** Writes instants (milliseconds since 1970) as the feed does. */
export function instantText(time: number): string {
  return new Date(time).toISOString();
}

/** An instant to the second: "2024-07-13T01:10:00Z". */
export function secondText(time: number): string {
  return instantText(time).replace(".000Z", "Z");
}

/** "20240713_041909": the version of a feed. */
export function timeStampText(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
}

/** "7:10" and "PM" at a place `offsetHours` from UTC. */
export function clockText(time: number, offsetHours: number): { readonly time: string; readonly ampm: "AM" | "PM" } {
  const local = new Date(time + offsetHours * 3_600_000);
  const hours = local.getUTCHours();
  return {
    time: `${hours % 12 === 0 ? 12 : hours % 12}:${String(local.getUTCMinutes()).padStart(2, "0")}`,
    ampm: hours < 12 ? "AM" : "PM",
  };
}

/** "July 12, 2024" of "2024-07-12". */
export function longDateText(date: string): string {
  return new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
}

/** How long was played, without delays. */
export function durationMinutes({ startTime, endTime, delays }: PlayedGame): number {
  return Math.round((endTime - startTime - delays.inGame) / 60_000);
}
