import { embeddedHomes } from "./embedded-home.ts";
import type { Homes } from "./homes.ts";
import { ServerHomes } from "./server-home.ts";

/** `MLB_TEST_STORE=postgresql`: raw and stores of the tests are databases of a server. `MLB_TEST_POSTGRES=15`: of that version; default: the newest. */
export const isOnServer: boolean = process.env["MLB_TEST_STORE"] === "postgresql";
const version = process.env["MLB_TEST_POSTGRES"];

/** Where the homes of this run are: one suite is run at both places. */
export const homes: Homes = isOnServer ? new ServerHomes(version === undefined ? null : Number(version)) : embeddedHomes;
