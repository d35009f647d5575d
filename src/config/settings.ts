import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { UserError } from "../core/errors.ts";
import { hasPassword, withoutPassword } from "../core/url-password.ts";
import { LOG_LEVELS, type LogLevel } from "../core/logger.ts";

/**
 * Settings and where each came from. Precedence, high to low: flag, environment (`MLB_*`), configuration file
 * (`--config FILE`, `MLB_CONFIG`), default.
 */
export interface Settings {
  /** Folder of the embedded raw files and store. */
  readonly home: string;
  /** `duckdb:FILE`, or the URL of a server as it is shown: without its secrets (`ResolvedSettings.urls` has them). */
  readonly store: string;
  /** `home`, or the URL of a server as it is shown. */
  readonly raw: string;
  readonly engine: "duckdb";
  /** Recordings in the layout of pymlb_statsapi. */
  readonly stubDir: string;
  /** Holds `endpoints/` and `schemas/mappings/`. */
  readonly configDir: string;
  /** Bound of the memory of the process, in MB; DuckDB gets a part of it. */
  readonly maxMemoryMb: number;
  /** Bodies of one slice, in MB. */
  readonly sliceMb: number;
  /** Slices shredded side by side. */
  readonly connections: number;
  /** Largest body that is taken, in MB. */
  readonly maxBodyMb: number;
  /** How long to wait for a store or raw table that another process holds, in seconds. */
  readonly lockWaitS: number;
  readonly logLevel: LogLevel;
}

export type SettingName = keyof Settings;
export type SettingSource = "flag" | "environment" | "file" | "default";

export interface SettingSpec {
  readonly flag: string;
  readonly environment: string;
  readonly description: string;
}

/** Every setting with its flag and variable, in the order of `--help`. */
export const SETTINGS: Readonly<Record<SettingName, SettingSpec>> = {
  home: { flag: "--home <dir>", environment: "MLB_HOME", description: "folder of the embedded raw files and store (default .mlb)" },
  store: {
    flag: "--store <url>",
    environment: "MLB_STORE",
    description:
      "where targets and state live: duckdb:FILE (default duckdb:<home>/platform.duckdb), or postgresql://…, which has the captures too",
  },
  raw: {
    flag: "--raw <url>",
    environment: "MLB_RAW",
    description: "where captures are: home, or postgresql://… (default: the server of --store, or the home where it is a file)",
  },
  engine: { flag: "--engine <name>", environment: "MLB_ENGINE", description: "what shreds: duckdb (default)" },
  stubDir: {
    flag: "--stub-dir <dir>",
    environment: "MLB_STUB_DIR",
    description: "recordings to replay (default: the bundled, simulated ones)",
  },
  configDir: {
    flag: "--config-dir <dir>",
    environment: "MLB_CONFIG_DIR",
    description: "folder with endpoints/ and schemas/mappings/ (default: the bundled one)",
  },
  maxMemoryMb: {
    flag: "--max-memory <mb>",
    environment: "MLB_MAX_MEMORY_MB",
    description: "bound of the memory of the process, in MB (default and least 512)",
  },
  sliceMb: { flag: "--slice-mb <mb>", environment: "MLB_SLICE_MB", description: "bodies of one slice, in MB (default 16)" },
  connections: {
    flag: "--connections <n>",
    environment: "MLB_CONNECTIONS",
    description: "slices shredded side by side (default: the cores, as far as memory goes)",
  },
  maxBodyMb: { flag: "--max-body <mb>", environment: "MLB_MAX_BODY_MB", description: "largest body that is taken, in MB (default 64)" },
  lockWaitS: {
    flag: "--lock-wait <s>",
    environment: "MLB_LOCK_WAIT_S",
    description: "how long to wait for a store or raw table that another process holds, in seconds (default 30)",
  },
  logLevel: { flag: "--log-level <level>", environment: "MLB_LOG_LEVEL", description: `${LOG_LEVELS.join(", ")} (default warn)` },
};

export interface ResolvedSettings {
  readonly values: Settings;
  /** The URLs of servers with their secrets, for connections and nothing else; null where it is no server. */
  readonly urls: { readonly store: string | null; readonly raw: string | null };
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
}

/** The root of the package: bundled configuration and stubs are below it. */
export function packageRoot(): string {
  // src/config or dist/config: two folders below the root.
  return resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
}

/** What one more slice at a time needs beside the fixed part, in MB, measured on full game feeds: the default number of connections keeps below the bound. */
const MB_PER_CONNECTION = 200;
const FIXED_MB = 300;

/** Settles all settings. `flags` holds what was given on the command line, by setting name. @throws UserError `config.*`. */
export function resolveSettings(
  flags: Readonly<Partial<Record<SettingName, string>>>,
  environment: Readonly<Record<string, string | undefined>>,
  configFile: string | null,
): ResolvedSettings {
  const file = configFile === null ? {} : readConfigFile(configFile);
  const texts: Partial<Record<SettingName, string>> = {};
  const sources: Partial<Record<SettingName, SettingSource>> = {};
  for (const name of settingNames()) {
    const fromEnvironment = environment[SETTINGS[name].environment];
    const [source, text]: readonly [SettingSource, string | undefined] =
      flags[name] !== undefined
        ? ["flag", flags[name]]
        : fromEnvironment !== undefined && fromEnvironment !== ""
          ? ["environment", fromEnvironment]
          : file[name] === undefined
            ? ["default", undefined]
            : ["file", file[name]];
    sources[name] = source;
    if (text !== undefined) texts[name] = text;
  }
  const home = resolve(texts.home ?? ".mlb");
  const maxMemoryMb = numberOf("maxMemoryMb", texts.maxMemoryMb, 512, 512, 1_000_000);
  const store = texts.store ?? defaultStore(home);
  const raw = texts.raw ?? (isServer(store) ? store : RAW_IN_HOME);
  for (const [name, url] of [
    ["store", store],
    ["raw", raw],
  ] as const) {
    if (sources[name] !== "flag" || !hasPassword(url)) continue;
    throw new UserError({
      code: `config.${name}-password`,
      message: `--${name} holds a password, which everybody on this machine can read in the list of processes`,
      got: withoutPassword(url),
      next: `leave it out and set PGPASSWORD or PGPASSFILE, or name the whole URL in ${SETTINGS[name].environment}; and change the password`,
    });
  }
  if (!/^duckdb:./.test(store) && !isServer(store)) {
    throw new UserError({
      code: "config.store",
      message: "the store is of no known kind",
      expected: "duckdb:FILE or postgresql://…",
      got: withoutPassword(store),
      next: "for example --store duckdb:season.duckdb",
    });
  }
  if (raw !== RAW_IN_HOME && !isServer(raw)) {
    throw new UserError({
      code: "config.raw",
      message: "captures are at no such place",
      expected: `${RAW_IN_HOME} or postgresql://…`,
      got: withoutPassword(raw),
      next: "leave --raw away: captures are in the server of --store, or in the home",
    });
  }
  const engine = texts.engine ?? "duckdb";
  if (engine !== "duckdb")
    throw new UserError({ code: "config.engine", message: "the engine is not known", expected: "duckdb", got: engine });
  const logLevel = LOG_LEVELS.find((level) => level === (texts.logLevel ?? "warn"));
  if (logLevel === undefined)
    throw new UserError({
      code: "config.log-level",
      message: "the log level is not known",
      expected: `one of ${LOG_LEVELS.join(", ")}`,
      got: texts.logLevel ?? "",
    });
  const affordable = Math.max(1, Math.floor((maxMemoryMb - FIXED_MB) / MB_PER_CONNECTION));
  const values: Settings = {
    home,
    store: withoutPassword(store),
    raw: withoutPassword(raw),
    engine,
    stubDir: resolve(texts.stubDir ?? join(packageRoot(), "stubs")),
    configDir: resolve(texts.configDir ?? join(packageRoot(), "config")),
    maxMemoryMb,
    sliceMb: numberOf("sliceMb", texts.sliceMb, 16, 1, 1024),
    connections: numberOf("connections", texts.connections, Math.min(availableParallelism(), affordable), 1, 64),
    maxBodyMb: numberOf("maxBodyMb", texts.maxBodyMb, 64, 1, 1024),
    lockWaitS: numberOf("lockWaitS", texts.lockWaitS, 30, 0, 86_400),
    logLevel,
  };
  const urlOf = (place: string): string | null => (isServer(place) ? place : null);
  return { values, urls: { store: urlOf(store), raw: urlOf(raw) }, sources: sources as Record<SettingName, SettingSource> };
}

/** What `raw` says where captures are in files of the home. */
export const RAW_IN_HOME = "home";

function isServer(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place);
}

export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS) as SettingName[];
}

/** The file of `duckdb:FILE`. @throws Error where the store is a server. */
export function storeFile({ store }: Pick<Settings, "store">): string {
  if (!store.startsWith("duckdb:")) throw new Error("a server has no file");
  return resolve(store.slice("duckdb:".length));
}

/** The home's own store. */
export function defaultStore(home: string): string {
  return `duckdb:${join(home, "platform.duckdb")}`;
}

function numberOf(name: SettingName, text: string | undefined, byDefault: number, min: number, max: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < min || value > max) {
    const { flag, environment } = SETTINGS[name];
    throw new UserError({
      code: "config.number",
      message: `${flag.split(" ")[0] ?? ""} (${environment}) is out of range`,
      expected: `a whole number from ${String(min)} to ${String(max)}`,
      got: JSON.stringify(text.slice(0, 100)),
    });
  }
  return value;
}

/** `home: …` and so on, by the flags' names without dashes: `max-memory: 1024`. */
function readConfigFile(file: string): Partial<Record<SettingName, string>> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new UserError({
      code: "config.file",
      message: `the configuration file ${file} cannot be read`,
      next: "name another one with --config",
      cause,
    });
  }
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw new UserError({ code: "config.file", message: `${file} is no YAML`, got: problem.message });
  const content: unknown = document.toJS({ maxAliasCount: 0 });
  const byFlag = new Map(settingNames().map((name) => [(SETTINGS[name].flag.split(" ")[0] ?? "").slice(2), name]));
  const values: Partial<Record<SettingName, string>> = {};
  if (content === null) return values;
  if (typeof content !== "object" || Array.isArray(content))
    throw new UserError({ code: "config.file", message: `${file} holds no settings`, expected: "name: value lines" });
  for (const [key, value] of Object.entries(content)) {
    const name = byFlag.get(key);
    if (name === undefined || (typeof value !== "string" && typeof value !== "number")) {
      throw new UserError({
        code: "config.unknown",
        message: `${file} sets ${JSON.stringify(key)}`,
        expected: `texts or numbers for: ${[...byFlag.keys()].join(", ")}`,
      });
    }
    values[name] = String(value);
  }
  return values;
}
