/**
 * The rules of the architecture as functions over sources in memory: each takes the sources and gives what it found,
 * one sentence for each finding, none where all is well. `architecture.test.ts` runs them over `src`.
 */
import { posix } from "node:path";
import ts from "typescript";

export interface Source {
  /** From the root of the checkout, with `/`: `src/plan/compile-plan.ts`. */
  readonly path: string;
  readonly text: string;
}

/**
 * The layers from the bottom up. An import points to the same folder or to a lower layer. Inside a layer, it points to
 * another folder only where `FOLDER_ORDER` or `ALLOWED_PAIRS` says so.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["config", "mapping", "plan", "sql", "simulate"],
  ["duckdb", "postgres"],
  ["engine", "store", "raw", "statsapi"],
  ["quality", "export", "generate"],
  ["pipeline"],
  ["cli", "web"],
];

/** Each of these may import those before it, although they share a layer. */
const FOLDER_ORDER: readonly string[] = ["core", "config", "mapping", "plan", "sql"];

/** Imports between folders of one layer that were decided on: `from -> to`, each with its reason in a comment. */
const ALLOWED_PAIRS: readonly string[] = [
  // A store applies what an engine found: the findings and counts of a slice are the engine's.
  "store -> engine",
];

/** Folders that may import these folders only, whatever their layer. */
const MAY_ONLY_IMPORT: Readonly<Record<string, readonly string[]>> = { simulate: ["core"] };

/** Folders that these folders only may import: the simulator stands beside the platform, nothing is built on it. */
const MAY_ONLY_BE_IMPORTED_BY: Readonly<Record<string, readonly string[]>> = { simulate: ["cli"] };

/** Where each library may be imported. A driver has one folder, so that a new major version of it is a change in one place. */
export const LIBRARY_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "@duckdb/node-api": ["src/duckdb"],
  canonicalize: ["src/quality"],
  commander: ["src/cli"],
  pg: ["src/postgres"],
  "pg-copy-streams": ["src/postgres"],
  pino: ["src/core"],
  "prom-client": ["src/cli"],
  tinyglobby: ["src/pipeline", "src/statsapi"],
  yaml: ["src/config", "src/mapping", "src/statsapi"],
  zod: ["src/cli", "src/config", "src/mapping", "src/statsapi"],
};

const PURE_FOLDERS: readonly string[] = ["mapping", "plan", "sql"];
/** Modules of Node that compute and touch nothing. */
const PURE_NODE_MODULES: readonly string[] = ["node:assert", "node:buffer", "node:crypto", "node:path", "node:util"];
const FILE_MODULES: readonly string[] = ["node:fs", "node:fs/promises", "node:url"];
/** The files of `mapping` that read the mapping files. */
const MAY_READ_FILES = /^src\/mapping\/(?:read-[a-z0-9-]+|registry)\.ts$/;
const IMPURE_MEMBERS: ReadonlySet<string> = new Set([
  "Date.now",
  "Math.random",
  "performance.now",
  "process.hrtime",
  "process.env",
  "process.argv",
  "process.cwd",
  "crypto.randomUUID",
  "crypto.getRandomValues",
]);
const IMPURE_NAMES: ReadonlySet<string> = new Set([
  "fetch",
  "randomUUID",
  "randomBytes",
  "randomInt",
  "setTimeout",
  "setInterval",
  "setImmediate",
]);

const MAX_LINES = 600;
const EMPTY_NAMES: ReadonlySet<string> = new Set(["utils", "util", "helpers", "helper", "common", "index", "misc", "shared"]);
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Names of tables and paths of bodies: the mapping is the transformation, no code repeats it. */
const DATA_NAMES = /live_game_|allPlays|playEvents|gameData|liveData|boxscore/;
/** The method's name, in an example of the command line's help. */
const METHOD_NAME = /\blive_game_v1\b/g;

const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** `src/engine/duckdb/open.ts` is of the folder `engine`; null for a file directly in `src`. */
function folderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

const inFolder = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

function walk(source: Source, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true));
}

/** What a file imports, types too, as written: `import`, `export … from`, `import()`, `import("…").Type`, `require`. */
export function importsOf(source: Source): string[] {
  const found: string[] = [];
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
  };
  walk(source, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isCallExpression(node)) {
      const called = node.expression;
      if (called.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(called) && called.text === "require")) add(node.arguments[0]);
    }
  });
  return found;
}

/** The file that a relative import means, from the root of the checkout; null for a package or a module of Node. */
function targetOf(from: string, specifier: string): string | null {
  return specifier.startsWith(".") ? posix.normalize(posix.join(posix.dirname(from), specifier)) : null;
}

/** `@scope/name/part` is of `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function whyNotImport(from: string, to: string, pairs: readonly string[]): string | null {
  if (from === to) return null;
  const [fromLayer, toLayer] = [from, to].map((folder) => LAYERS.findIndex((layer) => layer.includes(folder))) as [number, number];
  if (fromLayer === -1) return `the folder ${from} has no layer`;
  if (toLayer === -1) return `the folder ${to} has no layer`;
  const only = MAY_ONLY_IMPORT[from];
  if (only !== undefined) return only.includes(to) ? null : `${from} may import ${only.join(", ")} only`;
  const importers = MAY_ONLY_BE_IMPORTED_BY[to];
  if (importers !== undefined) return importers.includes(from) ? null : `only ${importers.join(", ")} may import ${to}`;
  if (toLayer < fromLayer) return null;
  if (toLayer > fromLayer) return `${to} is a layer above ${from}`;
  if (pairs.includes(`${from} -> ${to}`)) return null;
  const [fromRank, toRank] = [FOLDER_ORDER.indexOf(from), FOLDER_ORDER.indexOf(to)];
  if (fromRank !== -1 && toRank !== -1 && toRank < fromRank) return null;
  return `${from} and ${to} share a layer, and this pair is not allowed`;
}

/** Imports point to the same folder or down. Tests are free: they may build what they test from anything. */
export function findLayerViolations(sources: readonly Source[], pairs: readonly string[] = ALLOWED_PAIRS): string[] {
  const found: string[] = [];
  for (const source of sources) {
    if (isTest(source.path)) continue;
    const from = folderOf(source.path);
    if (from === null || !LAYERS.some((layer) => layer.includes(from))) {
      found.push(`${source.path} is in no folder that has a layer`);
      continue;
    }
    for (const specifier of importsOf(source)) {
      const target = targetOf(source.path, specifier);
      if (target === null) continue;
      const to = folderOf(target);
      const why = to === null ? `${target} is in no folder of src` : whyNotImport(from, to, pairs);
      if (why !== null) found.push(`${source.path} imports ${target}: ${why}`);
    }
  }
  return found;
}

/** Every cycle of imports between files, once, types too: `a -> b -> a`. */
export function findCycles(sources: readonly Source[]): string[] {
  const graph = new Map<string, readonly string[]>();
  for (const source of sources) {
    graph.set(
      source.path,
      importsOf(source).flatMap((specifier) => targetOf(source.path, specifier) ?? []),
    );
  }
  const found: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start !== -1) found.push([...trail.slice(start), path].join(" -> "));
    if (start !== -1 || done.has(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

/** Each library is imported in its folders only, in tests too; a library without folders has not been decided on. */
export function findLibraryViolations(
  sources: readonly Source[],
  folders: Readonly<Record<string, readonly string[]>> = LIBRARY_FOLDERS,
): string[] {
  const found: string[] = [];
  for (const source of sources) {
    for (const specifier of importsOf(source)) {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
      const library = packageOf(specifier);
      const allowed = folders[library];
      // Tools of the tests need no folder.
      if (allowed === undefined && isTest(source.path)) continue;
      if (allowed === undefined) found.push(`${source.path} imports ${library}, which has no folder in LIBRARY_FOLDERS`);
      else if (!allowed.some((folder) => inFolder(source.path, folder)))
        found.push(`${source.path} imports ${library}, which belongs to ${allowed.join(", ")}`);
    }
  }
  return found;
}

/** `mapping`, `plan` and `sql` compute: no file, no socket, no clock, no randomness, no environment. */
export function findImpurities(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    if (isTest(source.path) || !PURE_FOLDERS.includes(folderOf(source.path) ?? "")) continue;
    const modules = MAY_READ_FILES.test(source.path) ? [...PURE_NODE_MODULES, ...FILE_MODULES] : PURE_NODE_MODULES;
    for (const specifier of importsOf(source)) {
      if (specifier.startsWith("node:") && !modules.includes(specifier)) found.push(`${source.path} imports ${specifier}`);
    }
    walk(source, (node) => {
      if (ts.isPropertyAccessExpression(node)) {
        const member = `${node.expression.getText()}.${node.name.text}`;
        if (IMPURE_MEMBERS.has(member)) found.push(`${source.path} uses ${member}`);
      } else if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments ?? []).length === 0) {
        found.push(`${source.path} uses new Date()`);
      } else if (ts.isIdentifier(node) && IMPURE_NAMES.has(node.text) && !ts.isPropertyAccessExpression(node.parent)) {
        found.push(`${source.path} uses ${node.text}`);
      }
    });
  }
  return found;
}

/** No file too long, none with a name that says nothing, all names in kebab-case. */
export function findBadFiles(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const { path, text } of sources) {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    if (lines > MAX_LINES) found.push(`${path} has ${String(lines)} lines, at most ${String(MAX_LINES)} are allowed`);
    const name = posix.basename(path).replace(/(?:\.test)?\.ts$/, "");
    const parts = [...posix.dirname(path).split("/"), name];
    for (const part of parts) {
      if (EMPTY_NAMES.has(part)) found.push(`${path}: "${part}" says nothing of what is in it`);
      else if (!KEBAB_CASE.test(part)) found.push(`${path}: "${part}" is not in kebab-case`);
    }
  }
  return found;
}

/** No name of a table, no path of a body in code or literals (comments may tell an example). */
export function findDataNames(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const folder = folderOf(source.path);
    if (isTest(source.path) || folder === "simulate") continue;
    walk(source, (node) => {
      const isText =
        ts.isIdentifier(node) || ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
      if (!isText) return;
      const text = folder === "cli" ? node.text.replaceAll(METHOD_NAME, "") : node.text;
      const name = DATA_NAMES.exec(text)?.[0];
      if (name !== undefined) found.push(`${source.path} names ${name}: ${JSON.stringify(node.text)}`);
    });
  }
  return found;
}

/** The environment is read in `src/cli/main.ts` and `src/config`, the console is written to in `src/cli/output.ts`. */
export function findSideDoors(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    if (isTest(source.path)) continue;
    const mayReadEnvironment = source.path === "src/cli/main.ts" || inFolder(source.path, "src/config");
    if (!mayReadEnvironment && importsOf(source).some((specifier) => /^(?:node:)?process$/.test(specifier))) {
      found.push(`${source.path} imports node:process`);
    }
    walk(source, (node) => {
      if (!ts.isIdentifier(node)) return;
      const parent = node.parent;
      const isMemberName =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) || (ts.isPropertyAssignment(parent) && parent.name === node);
      if (isMemberName) return;
      if (node.text === "console" && source.path !== "src/cli/output.ts") found.push(`${source.path} uses console`);
      if (node.text === "process" && !mayReadEnvironment && reachesEnvironment(node)) found.push(`${source.path} reads process.env`);
    });
  }
  return found;
}

function reachesEnvironment(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === "env";
  if (ts.isElementAccessExpression(parent)) return true;
  // `const { env } = process`
  return ts.isVariableDeclaration(parent) && parent.initializer === node;
}
