#!/usr/bin/env node
import { main } from "./program.ts";

// The environment is read here and nowhere else.
process.exitCode = await main(process.argv, process.env);
