/**
 * Makes a fresh clone ready, so that `npm test` and `npm run demo` work at once; does nothing where all is in place.
 * Installs where what is installed differs from the lock file. With `--build`, compiles where the sources differ from
 * what `dist` was made from. Needs nothing but Node; talks on stderr.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);

const OLDEST_NODE = [20, 19];
const STAMP = at("node_modules", ".cache", "mlb-data-platform", "built-from");

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  fail(`Node ${process.versions.node} is too old: ${OLDEST_NODE.join(".")} or newer is needed (https://nodejs.org)`);
}

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

/** Runs npm as the one that started us, else the one on the PATH. All that it prints goes to stderr. */
function npm(...args) {
  const own = process.env["npm_execpath"];
  const stdio = ["ignore", 2, 2];
  const started =
    own !== undefined && /npm-cli\.[cm]?js$/.test(own)
      ? spawnSync(process.execPath, [own, ...args], { cwd: root, stdio })
      : spawnSync("npm", args, { cwd: root, stdio, shell: process.platform === "win32" });
  if (started.error !== undefined) fail(`npm could not be started: ${started.error.message}`);
  if (started.status !== 0) fail(`npm ${args.join(" ")} failed, see above`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Whether node_modules holds what the lock file names. Compares contents: times of files say little after a checkout. */
function isInstalled() {
  const locked = readJson(at("package-lock.json"))?.packages;
  const installed = readJson(at("node_modules", ".package-lock.json"))?.packages;
  if (locked === undefined) fail("package-lock.json cannot be read");
  if (installed === undefined) return false;
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === "") continue;
    const found = installed[path];
    // Packages for other platforms are locked and not installed.
    if (found === undefined && wanted.optional === true) continue;
    if (found?.version !== wanted.version) return false;
    // The hash of a package for another platform need not be known: scripts/lock-platforms.mjs.
    if (wanted.integrity !== undefined && found.integrity !== wanted.integrity) return false;
  }
  return Object.keys(installed).every((path) => path in locked);
}

/** SHA-256 over all that the compiler reads, with the names. */
function fingerprintOfSources() {
  const hash = createHash("sha256");
  const files = readdirSync(at("src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const file of [...files, at("tsconfig.json"), at("tsconfig.build.json"), at("package-lock.json")]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

function build() {
  const fingerprint = fingerprintOfSources();
  const built = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";
  if (built === fingerprint && existsSync(at("dist", ".tsbuildinfo"))) return;
  console.error("setup: compiling src to dist");
  // From nothing, so that no file of a source that is gone stays behind.
  rmSync(at("dist"), { recursive: true, force: true });
  npm("run", "--silent", "build");
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, fingerprint);
}

requireNode();
if (!isInstalled()) {
  console.error("setup: installing what package-lock.json names");
  npm("ci", "--include=dev", "--no-fund", "--no-audit");
}
if (process.argv.includes("--build")) build();
