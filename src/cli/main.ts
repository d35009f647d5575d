#!/usr/bin/env node
import { main } from "./program.ts";

// A reader that has enough (`| head`) closes the pipe: the work goes on, its output is nobody's.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// The environment is read here and nowhere else.
process.exitCode = await main(process.argv, process.env);
