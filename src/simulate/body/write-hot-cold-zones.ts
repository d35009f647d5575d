import type { JsonObject } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import { average } from "../statistics/rate-text.ts";

const STATISTICS = ["onBasePlusSlugging", "exitVelocity", "battingAverage"] as const;
const ZONES = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "11", "12", "13", "14"] as const;
const TEMPERATURES = [
  { temp: "cold", color: "rgba(6, 90, 238, .55)" },
  { temp: "cool", color: "rgba(150, 188, 255, .55)" },
  { temp: "lukewarm", color: "rgba(255, 255, 255, 0.55)" },
  { temp: "warm", color: "rgba(234, 147, 153, .55)" },
  { temp: "hot", color: "rgba(214, 41, 52, .55)" },
] as const;

function writeZone(random: RandomSource, statistic: (typeof STATISTICS)[number], zone: string): JsonObject {
  const heat = random.next();
  const { temp, color } = TEMPERATURES[Math.floor(heat * TEMPERATURES.length)] ?? TEMPERATURES[2];
  const value = {
    onBasePlusSlugging: average(500 + 600 * heat, 1000),
    exitVelocity: (76 + 20 * heat).toFixed(2),
    battingAverage: average(150 + 250 * heat, 1000),
  }[statistic];
  return { zone, color, temp, value };
}

export const NO_HOT_COLD_ZONES: JsonObject = { batterHotColdZones: [], pitcherHotColdZones: [] };

type ZoneSplit = { readonly stat: { readonly name: string; readonly zones: JsonObject[] } };

function writeZones(random: RandomSource, group: "hitting" | "pitching"): { readonly stats: JsonObject; readonly zones: JsonObject[] } {
  const splits = STATISTICS.map((name): ZoneSplit => ({ stat: { name, zones: ZONES.map((zone) => writeZone(random, name, zone)) } }));
  return {
    stats: {
      stats: [
        {
          type: { displayName: "hotColdZones" },
          group: { displayName: group },
          exemptions: [],
          splits: splits.map(({ stat }) => ({ stat: { name: stat.name, zones: stat.zones } })),
        },
      ],
    },
    zones: splits[0]?.stat.zones ?? [],
  };
}

/** Where the batter of the latest play hits well, and now and then where its pitcher is hit; the feed has this for the latest play only. */
export function writeHotColdZones(random: RandomSource): JsonObject {
  const batter = writeZones(random, "hitting");
  const pitcher = random.chance(0.12) ? writeZones(random, "pitching") : null;
  return {
    batterHotColdZoneStats: batter.stats,
    ...(pitcher === null ? {} : { pitcherHotColdZoneStats: pitcher.stats }),
    batterHotColdZones: batter.zones,
    pitcherHotColdZones: pitcher?.zones ?? [],
  };
}
