// The main job on the bundled game, in a home of its own: captured answer → tables → counts → a box score; then the first days of a simulated season.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// Its own home, made anew each time.
rmSync(join(root, ".mlb", "demo"), { recursive: true, force: true });
const environment = { ...process.env, MLB_HOME: join(".mlb", "demo") };

/** Shows a command and runs it. */
function run(...words) {
  process.stdout.write(`\n$ mlb-etl ${words.map((word) => (/[\s'"*]/.test(word) ? `"${word}"` : word)).join(" ")}\n`);
  const done = spawnSync(process.execPath, [join(root, "dist", "cli", "main.js"), ...words], {
    cwd: root,
    env: environment,
    stdio: "inherit",
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const prefix = "game.live_game";
const battingLine = (side) => `
  SELECT batting_position AS "#", player_name AS batter, position_abbreviation AS pos, at_bats AS ab, runs AS r, hits AS h, rbi, base_on_balls AS bb, strike_outs AS so, season_avg AS avg
  FROM ${prefix}_${side}_batting_order ORDER BY 1`;

process.stdout.write("A simulated game under the number 747175 (no content of MLB), home .mlb/demo\n");
run(..."transform --endpoint game --method live_game_v1 --mode batch --game-pks 747175 --stub-mode replay --save".split(" "));
for (const table of ["metadata", "plays", "pitch_events"]) run("sql", `SELECT count(*) FROM ${prefix}_${table}`);

process.stdout.write("\nA box score, from the tables by SQL:\n");
run(
  "sql",
  `SELECT away_team_name, away_runs, away_hits, away_errors, home_team_name, home_runs, home_hits, home_errors, game_date, venue_name FROM ${prefix}_metadata`,
);
run("sql", battingLine("away"));
run("sql", battingLine("home"));

process.stdout.write("\nThe first days of a simulated season, into the same tables:\n");
run(..."simulate season --games 10 --seed 1 --to captures".split(" "));
run(..."transform --endpoint game --method live_game_v1 --save".split(" "));
run(
  "sql",
  `SELECT game_date, away_team_name, away_runs, home_runs, home_team_name FROM ${prefix}_metadata WHERE season = 2026 ORDER BY game_datetime`,
);
run(
  "sql",
  `SELECT batter_name AS batter, count(*) AS home_runs FROM ${prefix}_plays WHERE season = 2026 AND event_type = 'home_run' GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 5`,
);

process.stdout.write(`
Next, on your own recordings (a home of its own is made in .mlb):
  npx mlb-etl ingest --endpoint game --method live_game_v1 --from-files 'my-feeds/*.json.gz'
  npx mlb-etl transform --endpoint game --method live_game_v1 --save
or look around in this one:
  npx mlb-etl --home .mlb/demo sql "SELECT inning, half_inning, description FROM ${prefix}_plays ORDER BY at_bat_index LIMIT 10"
`);
