import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { main } from "../src/cli/program.ts";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { storeOf } from "./run-cli.ts";
import { SmallPlatform } from "./small-platform.ts";
import { homes } from "./test-home.ts";

export interface CliRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The shipped command line on a folder of its own: its configuration, its captures, its home. */
export class SmallCli implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(files: Readonly<Record<string, string>> = {}): Promise<SmallCli> {
    const cli = new SmallCli(await mkdtemp(join(tmpdir(), "small-cli-")));
    for (const [name, text] of Object.entries(files)) await cli.write(name, text);
    return cli;
  }

  get home(): string {
    return join(this.folder, "home");
  }

  /** A folder with all that this one has, its store too. */
  async copy(): Promise<SmallCli> {
    const cli = await SmallCli.open();
    await cp(this.folder, cli.folder, { recursive: true, filter: (path) => path !== this.home });
    await homes.copy(this.home, cli.home);
    return cli;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await homes.remove(this.home);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Gives the whole path. */
  async write(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  }

  /** Runs with `config/` of the folder where there is one (`configured`), else with the bundled configuration. */
  async run(args: readonly string[], configured = true): Promise<CliRun> {
    const written = { stdout: "", stderr: "" };
    const exit = await main(
      ["node", "mlb-etl", ...args, "--home", this.home, ...(configured ? ["--config-dir", join(this.folder, "config")] : [])],
      await storeOf(this.home),
      {
        stdout: { write: (text) => (written.stdout += text) },
        stderr: { write: (text) => (written.stderr += text) },
      },
    );
    return { exit, ...written };
  }

  /** The same with `--json`; `data` is what stdout holds. */
  async json(args: readonly string[], configured = true): Promise<CliRun & { readonly data: unknown }> {
    const run = await this.run([...args, "--json"], configured);
    return { ...run, data: JSON.parse(run.stdout) as unknown };
  }

  /** Rows of the store, which queries call `store`. */
  async queries(...queries: readonly string[]): Promise<SqlRow[][]> {
    await using platform = await SmallPlatform.on(this.home);
    return await platform.queries(...queries);
  }

  /** Changes the store by hand. */
  async execute(sql: string): Promise<void> {
    await using platform = await SmallPlatform.on(this.home);
    await platform.execute(sql);
  }
}
