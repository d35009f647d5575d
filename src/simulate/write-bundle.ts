/**
 * Writes the bundled stubs anew: `npx tsx src/simulate/write-bundle.ts [FOLDER]` (default: `stubs` of this package).
 * What it writes depends on nothing but the code: a test compares the committed file with it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUNDLED_GAME } from "./bundled-game.ts";
import { simulatedStub, stubPath } from "./simulated-stub.ts";

const folder = process.argv[2] ?? join(import.meta.dirname, "../../stubs");
const stub = simulatedStub(BUNDLED_GAME);
const file = join(folder, stubPath(stub));
mkdirSync(dirname(file), { recursive: true });
// Node writes no time of modification into the header: the same content gives the same bytes.
writeFileSync(file, gzipSync(JSON.stringify(stub, null, 2), { level: 9 }));
