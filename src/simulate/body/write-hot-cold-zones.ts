import type { JsonObject } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import { average } from "../statistics/rate-text.ts";

const STATISTICS = ["onBasePercentage", "onBasePlusSlugging", "sluggingPercentage"] as const;
const ZONES = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "11", "12", "13", "14"] as const;
const TEMPERATURES = {
  cold: "rgba(6, 90, 238, .55)",
  lukewarm: "rgba(255, 255, 255, 0.55)",
  hot: "rgba(214, 41, 52, .55)",
} as const;

function writeZone(random: RandomSource, zone: string): JsonObject {
  const value = Math.round(random.between(80, 480));
  const temp = value < 200 ? "cold" : value < 320 ? "lukewarm" : "hot";
  return { zone, color: TEMPERATURES[temp], temp, value: average(value, 1000) };
}

export const NO_HOT_COLD_ZONES: JsonObject = { batterHotColdZones: [], pitcherHotColdZones: [] };

/** Where the batter of the latest play hits well; the feed has this for the latest play only. */
export function writeHotColdZones(random: RandomSource): JsonObject {
  const splits = STATISTICS.map((name) => ({ stat: { name, zones: ZONES.map((zone) => writeZone(random, zone)) } }));
  return {
    batterHotColdZoneStats: {
      stats: [{ type: { displayName: "hotColdZones" }, group: { displayName: "hitting" }, exemptions: [], splits }],
    },
    batterHotColdZones: splits[0]?.stat.zones ?? [],
    pitcherHotColdZones: [],
  };
}
