import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { SETTINGS, type SettingName, packageRoot, resolveSettings, settingNames } from "../config/settings.ts";
import { EXIT } from "../core/errors.ts";
import { armFault, parseFault } from "../core/faults.ts";
import { createLogger } from "../core/logger.ts";
import { decidingFlags } from "./repeat-flags.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import type { CliContext } from "./context.ts";
import { Refusal, tellRefusals } from "./refusal.ts";
import { reportError } from "./report-error.ts";
import { type OutputStreams, createOutput } from "./output.ts";
import { watchInterrupts } from "./interrupts.ts";

/** Runs the command line; gives the exit code. */
export async function main(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: OutputStreams = process,
): Promise<number> {
  let exit: number = EXIT.done;
  const program = createProgram(streams, async (spec, help, options, positional, globals) => {
    exit = await runCommand(spec, help, { ...options, ...positional }, globals, environment, streams);
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    // Commander has told people already.
    const out = createOutput(streams, { json: argv.includes("--json"), progress: false });
    const { message, next } = error;
    out.data({ schema_version: 1, error: { code: "usage", message, next }, exit: EXIT.usage });
    return EXIT.usage;
  }
  return exit;
}

type Values = Readonly<Record<string, unknown>>;

async function runCommand(
  spec: CommandSpec,
  help: string,
  options: Values,
  globals: Values,
  environment: Readonly<Record<string, string | undefined>>,
  streams: OutputStreams,
): Promise<number> {
  const json = globals["json"] === true;
  const out = createOutput(streams, { json, progress: globals["progress"] !== false, flags: decidingFlags(globals) });
  try {
    const flags: Partial<Record<SettingName, string>> = {};
    for (const name of settingNames()) {
      const value = globals[attributeOf(name)];
      if (typeof value === "string") flags[name] = value;
    }
    const configFile = typeof globals["config"] === "string" ? globals["config"] : (environment["MLB_CONFIG"] ?? null);
    armFaultOf(environment, out);
    const settings = resolveSettings(flags, environment, configFile);
    using interrupts = watchInterrupts((text) => {
      out.say(text);
    });
    const context: CliContext = {
      settings,
      environment,
      out,
      log: createLogger(settings.values.logLevel, streams.stderr),
      signal: interrupts.signal,
    };
    const run = await spec.load();
    return await run(options as never, context);
  } catch (error) {
    return reportError(error, out, { help, withStack: globals["debug"] === true });
  }
}

/** Off without the variable. @throws UserError `fault.unknown`. */
function armFaultOf(environment: Readonly<Record<string, string | undefined>>, out: CliContext["out"]): void {
  const text = environment["MLB_FAULT"];
  if (text === undefined || text === "") return;
  armFault(parseFault(text));
  out.say(`warning: MLB_FAULT=${text}: this process fails on purpose when it comes to that step`);
}

/** The name under which commander keeps a setting's flag: `--max-memory <mb>` → `maxMemory`. */
function attributeOf(name: SettingName): string {
  return new Option(SETTINGS[name].flag).attributeName();
}

type Dispatch = (spec: CommandSpec, help: string, options: Values, positional: Values, globals: Values) => Promise<void>;

function createProgram(streams: OutputStreams, dispatch: Dispatch): Command {
  const program = new Command("mlb-etl")
    .description(
      "Captures every answer of the MLB Stats API as it was and turns it into correct relational tables by one declarative mapping.",
    )
    .version(readVersion(), "--version", "print the version");
  addGlobals(program);
  tellRefusals(program, streams, "mlb-etl --help lists the commands; mlb-etl COMMAND --help shows one with examples");
  for (const { group, description, commands } of COMMANDS) {
    const parent = group === null ? program : program.command(group).description(description);
    if (group !== null) tellRefusals(parent, streams, `mlb-etl ${group} --help lists its commands`);
    for (const spec of commands) addCommand(parent, group, spec, streams, dispatch);
  }
  program.addHelpText(
    "after",
    "\nExit codes: 0 done · 1 some captures or documents failed · 2 usage or configuration · 3 a rule of severity error failed ·\n4 source unreachable · 5 store or engine unreachable · 7 lock held elsewhere · 70 a bug of ours · 130 interrupted, resumable",
  );
  return program;
}

/** The version of the package. */
function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { readonly version: string };
  return version;
}

function addGlobals(command: Command): void {
  for (const name of settingNames())
    command.addOption(new Option(SETTINGS[name].flag, `${SETTINGS[name].description} [${SETTINGS[name].environment}]`));
  command
    .option("--config <file>", "configuration file: name: value lines, names as the flags [MLB_CONFIG]")
    .option("--json", "data as JSON on stdout")
    .option("--no-progress", "no progress on stderr")
    .option("--no-input", "never ask (nothing asks today)")
    .option("--debug", "show where an error comes from");
}

/** What is next where nothing better is known. */
function helpOf(group: string | null, { name }: CommandSpec): string {
  return `mlb-etl ${group === null ? "" : `${group} `}${name} --help shows its flags, with an example`;
}

function addCommand(parent: Command, group: string | null, spec: CommandSpec, streams: OutputStreams, dispatch: Dispatch): void {
  const command = parent.command(spec.name, { isDefault: spec.isDefault ?? false }).description(spec.description);
  const help = helpOf(group, spec);
  tellRefusals(command, streams, help);
  const names: string[] = [];
  for (const argument of spec.arguments ?? []) {
    command.argument(/^[<[]/.test(argument.name) ? argument.name : `<${argument.name}>`, argument.description);
    names.push(argument.name.replaceAll(/[<>[\].]/g, ""));
  }
  const { required = [], options = [] } = spec;
  for (const option of [...required, ...options]) command.addOption(option);
  addHiddenGlobals(command);
  command.addHelpText(
    "after",
    `\nExample:\n${spec.examples.map((example) => `  ${example}`).join("\n")}\n\nGlobal options (--home, --store, --json …): mlb-etl --help`,
  );
  command.action(async (...values: unknown[]) => {
    // Here and not by commander, which looks for them before it tells a flag that it does not know: one that is mistyped is missing too.
    const missing = required.filter((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing.length > 0)
      command.error(`error: ${missing.map(({ flags }) => flags).join(" and ")} ${missing.length === 1 ? "is" : "are"} required`);
    const positional = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    await dispatch(spec, help, command.opts(), positional, command.optsWithGlobals());
  });
}

/** Global options stand before or after the command; they are listed once, at the top. */
function addHiddenGlobals(command: Command): void {
  for (const name of settingNames()) command.addOption(new Option(SETTINGS[name].flag).hideHelp());
  for (const flag of ["--config <file>", "--json", "--debug"]) command.addOption(new Option(flag).hideHelp());
  for (const flag of ["--no-progress", "--no-input"]) command.addOption(new Option(flag).hideHelp());
}
