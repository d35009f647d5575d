import { readFile } from "node:fs/promises";
import { UserError } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";
import { type Parameters, PARAMETERS, adviceFor, isParameter } from "./connection-url.ts";

/**
 * The parameters of a service, `name=value` lines under `[service]`, from the first of the files that has it.
 * @throws UserError `postgres.service` (exit 2): none has it, or its lines are not understood.
 */
export async function readService(service: string, files: readonly string[]): Promise<Parameters> {
  for (const file of files) {
    const found = findService(await readIfThere(file), service, file);
    if (found !== null) return found;
  }
  throw new UserError({
    code: "postgres.service",
    message: `no service file describes the service ${JSON.stringify(service)}`,
    expected: `[${service}] in one of: ${files.join(", ")}`,
    next: "write it there, or name another file by PGSERVICEFILE",
  });
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return "";
    throw new UserError({
      code: "postgres.service",
      message: `the service file ${file} cannot be read`,
      next: "let its owner run this",
      cause: error,
    });
  }
}

function findService(text: string, service: string, file: string): Parameters | null {
  let found: Parameters | null = null;
  for (const [at, line] of text.split("\n").entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    if (content.startsWith("[")) {
      if (found !== null) return found;
      if (content === `[${service}]`) found = {};
      continue;
    }
    if (found === null) continue;
    const equals = content.indexOf("=");
    const name = equals === -1 ? content : content.slice(0, equals).trim();
    // Not the line itself: it may hold a password.
    if (equals === -1 || !isParameter(name) || name === "service") {
      throw new UserError({
        code: "postgres.service",
        message: `${file}:${String(at + 1)} sets ${JSON.stringify(equals === -1 ? "…" : name)}, which is not known`,
        expected: `NAME=VALUE with one of: ${Object.keys(PARAMETERS)
          .filter((known) => known !== "service")
          .join(", ")}`,
        next: adviceFor(name),
      });
    }
    found[name] = content.slice(equals + 1).trim();
  }
  return found;
}
