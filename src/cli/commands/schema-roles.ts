import { EXIT, UserError } from "../../core/errors.ts";
import { type RoleNames, writeRoles } from "../../store/postgres/write-roles.ts";
import type { CliContext } from "../context.ts";
import { openRegistry } from "../platform.ts";

/** Prints the script that makes the roles of a server's database. */
export async function runSchemaRoles(flags: RoleNames, { out, settings }: CliContext): Promise<number> {
  const { owner, loader, reader } = flags;
  for (const role of [owner, loader, reader])
    if (role === "" || Buffer.byteLength(role) > 63 || /\p{C}|\$/u.test(role))
      throw new UserError({
        code: "usage.role",
        message: "that is no name of a role",
        expected: "1 to 63 bytes, without control characters and $",
        got: JSON.stringify(role.slice(0, 200)),
        next: "for example --owner mlb_owner",
      });
  if (new Set([owner, loader, reader]).size < 3)
    throw new UserError({
      code: "usage.role",
      message: "two of the roles have one name",
      expected: "three names",
      got: [owner, loader, reader].join(", "),
      next: "each role has rights of its own",
    });
  const statements = writeRoles((await openRegistry(settings.values)).mappings, { owner, loader, reader });
  out.data({ schema_version: 1, statements: statements.filter((statement) => !statement.startsWith("--")) });
  for (const statement of statements) out.text(statement);
  return EXIT.done;
}
