/** Global flags that decide what a command works on: a command that is named as the next one must have them too. */
const DECIDING = { home: "--home", store: "--store", configDir: "--config-dir", config: "--config" } as const;

/** The flags of a command line that the next command needs, as they are typed. */
export function decidingFlags(globals: Readonly<Record<string, unknown>>): readonly (readonly [flag: string, value: string])[] {
  return Object.entries(DECIDING).flatMap(([name, flag]) => {
    const value = globals[name];
    return typeof value === "string" ? [[flag, quoted(value)] as const] : [];
  });
}

/** Puts the flags into the commands that a line names as the next thing to do; those that a command has already stay as they are. */
export function repeatFlags(text: string, flags: readonly (readonly [flag: string, value: string])[]): string {
  if (flags.length === 0) return text;
  return text
    .split("\n")
    .map((line) => {
      if (!/^\s*(?:next|undo):/.test(line)) return line;
      const missing = flags.filter(([flag]) => !line.includes(`${flag} `));
      return line.replaceAll(/\bmlb-etl (?=[a-z])/g, `mlb-etl ${missing.map(([flag, value]) => `${flag} ${value} `).join("")}`);
    })
    .join("\n");
}

function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
