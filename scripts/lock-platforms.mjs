/**
 * Completes package-lock.json with the optional packages of other platforms (`npm run lock:platforms`).
 * npm leaves out of the lock file what the registry at hand cannot give, and `npm ci` then refuses the lock file. Their
 * versions are exact in the package that wants them; their hashes are not known here, npm adds them where it installs them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = join(dirname(dirname(fileURLToPath(import.meta.url))), "package-lock.json");
const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** What the name of a package says about its platform: `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name) {
  const parts = name.split("/").at(-1).split("-");
  const os = parts.filter((part) => SYSTEMS.includes(part));
  const cpu = parts.filter((part) => PROCESSORS.includes(part));
  if (os.length !== 1 || cpu.length !== 1) return null;
  const libc =
    os[0] !== "linux"
      ? []
      : parts.some((part) => part.startsWith("musl"))
        ? ["musl"]
        : parts.some((part) => part.startsWith("gnu"))
          ? ["glibc"]
          : [];
  return { cpu, ...(libc.length === 0 ? {} : { libc }), os };
}

const lock = JSON.parse(readFileSync(FILE, "utf8"));
let added = 0;
for (const [path, wanting] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(wanting.optionalDependencies ?? {})) {
    const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
    const isLocked = places.some((place) => place in lock.packages);
    const platform = platformOf(name);
    if (path === "" || isLocked || platform === null || !/^\d/.test(version)) continue;
    const entry = { ...platform, ...(wanting.dev === true ? { dev: true } : {}), optional: true };
    // In the order that npm writes.
    lock.packages[`node_modules/${name}`] = {
      version,
      ...Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => a.localeCompare(b, "en"))),
    };
    added += 1;
  }
}
const [root, ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.toSorted(([a], [b]) => a.localeCompare(b, "en"))]);
if (added > 0) writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.error(`lock-platforms: ${added} packages added`);
