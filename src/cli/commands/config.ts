import { SETTINGS, settingNames } from "../../config/settings.ts";
import { withoutPassword } from "../../core/url-password.ts";
import type { CliContext } from "../context.ts";

export function runConfigShow(_flags: unknown, { out, settings }: CliContext): Promise<number> {
  const rows = settingNames().map((name) => {
    const value = settings.values[name];
    return {
      setting: (SETTINGS[name].flag.split(" ")[0] ?? "").slice(2),
      value: typeof value === "string" ? withoutPassword(value) : value,
      from: settings.sources[name],
      variable: SETTINGS[name].environment,
    };
  });
  out.data({ schema_version: 1, settings: rows });
  out.table(rows.map((row) => ({ ...row, value: String(row.value) })));
  return Promise.resolve(0);
}
