import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApiMethod, Catalogue } from "./catalogue.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { capturedAtOf, parseGivenTime } from "./recording.ts";
import type { Recording, RecordingFile } from "./recording.ts";
import { requestPath } from "./request-path.ts";
import { readStubs } from "./stub-files.ts";

const catalogue: Catalogue = await readCatalogue(join(import.meta.dirname, "../../config/endpoints"));
const feed: ApiMethod = catalogue.get("game", "live_game_v1");
let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "stubs-"));
  folder = join(root, "stubs");
  await mkdir(join(folder, "game", "liveGameV1"), { recursive: true });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const BODY = '{ "speed": 24.0, "big": 12345678901234567890 }';

function envelope(change: Record<string, unknown> = {}, body = BODY): string {
  const { after, ...rest } = {
    endpoint: "game",
    method: "liveGameV1",
    path_params: { game_pk: "1" },
    query_params: {},
    url: "https://x.test/1",
    status_code: 200,
    after: {},
    ...change,
  };
  const text = (value: object): string => JSON.stringify(value, null, 2).slice(1, -1).trimEnd();
  const tail = text(after);
  return `{${text(rest)},\n  "response": ${body}${tail === "" ? "" : `,${tail}`}\n}\n`;
}

async function write(name: string, text: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return file;
}

async function read(parameters?: Record<string, string>, more: object = {}): Promise<RecordingFile[]> {
  const list: RecordingFile[] = [];
  for await (const one of readStubs(feed, catalogue, {
    folder,
    capturedAt: null,
    ...(parameters === undefined ? {} : { parameters }),
    ...more,
  }))
    list.push(one);
  return list;
}

function recordings(files: readonly RecordingFile[]): Recording[] {
  return files.flatMap((file) => (file.ok ? [file.recording] : []));
}

function refusals(files: readonly RecordingFile[]): string[] {
  return files.flatMap((file) => (file.ok ? [] : [file.refused.code]));
}

describe("stubs", () => {
  test("give the answer byte for byte as it stands in the envelope", async () => {
    await write("game/liveGameV1/a.json.gz", envelope());
    await write("game/liveGameV1/b.json", envelope({ after: { path: "game/x", captured_at: "2024-07-13T00:19:09-04:00" } }));
    const [first, second] = recordings(await read());
    expect(first).toMatchObject({
      endpoint: "game",
      method: "live_game_v1",
      parameters: { game_pk: "1" },
      url: "https://x.test/1",
      status: 200,
      recordedAt: null,
    });
    expect(first!.body.toString("utf8")).toBe(BODY);
    expect(second!.body.toString("utf8")).toBe(BODY);
    expect(second!.recordedAt).toBe("2024-07-13T04:19:09.000000Z");
  });

  test("are found by the parameters in their envelope, whatever their file is called", async () => {
    await write("game/liveGameV1/liveGameV1_game_pk=1_x.json", envelope({ path_params: { game_pk: "2" } }));
    await write("game/liveGameV1/liveGameV1_game_pk=2_x.json", envelope({ path_params: { gamePk: 1 }, query_params: { timecode: null } }));
    await write("game/liveGameV1/z.json", envelope({ path_params: {}, query_params: { gamePk: "1", timecode: "20240713_041909" } }));
    expect(recordings(await read({ game_pk: "1" })).map(({ file }) => file.slice(-24))).toEqual(
      ["GameV1_game_pk=2_x.json"].map((name) => expect.stringContaining(name) as string),
    );
    expect(recordings(await read({ game_pk: "1", timecode: "20240713_041909" }))).toHaveLength(1);
    expect(recordings(await read({ game_pk: "3" }))).toHaveLength(0);
  });

  test("are found where parameters come after a long answer", async () => {
    const long = JSON.stringify({ text: "x".repeat(20_000) });
    await write(
      "game/liveGameV1/a.json",
      `{"endpoint":"game","method":"liveGameV1","path_params":{},"response":${long},"query_params":{"gamePk":"7"}}`,
    );
    expect(recordings(await read({ game_pk: "7" }))).toHaveLength(1);
    expect(recordings(await read({}))).toHaveLength(0);
  });

  test("may lie in a folder of our own name of the method", async () => {
    await write("game/live_game_v1/a.json", envelope({ method: "live_game_v1" }));
    expect(recordings(await read({ game_pk: "1" }))).toHaveLength(1);
  });

  test.each([
    ["cut off", envelope().slice(0, -20), "envelope.truncated"],
    ["without an envelope", BODY, "stub.no-envelope"],
    ["of no object", "[]", "stub.no-envelope"],
    ["of another method", envelope({ method: "boxscore" }), "stub.misplaced"],
    ["of a method that nobody knows", envelope({ method: "nope" }), "catalogue.unknown-method"],
    ["with two answers", envelope({ after: { data: {} } }), "envelope.two-answers"],
    ["with one key twice", envelope({ after: { endpoint: "game" } }), "envelope.double-key"],
    ["with parameters that contradict each other", envelope({ query_params: { gamePk: "2" } }), "parameters.contradiction"],
    ["with two values of one parameter", envelope({ query_params: { game_pk: "2" } }), "envelope.bad-value"],
    ["with a time that is none", envelope({ captured_at: "yesterday" }), "envelope.bad-value"],
    ["with a status that is none", envelope({ status_code: "ok" }), "envelope.bad-value"],
    ["with parameters that are a list", envelope({ path_params: [1] }), "envelope.bad-value"],
  ])("%s are refused with a reason, and the others are read", async (_, text, code) => {
    await write("game/liveGameV1/a.json", text);
    await write("game/liveGameV1/b.json", envelope());
    const files = await read();
    expect(refusals(files)).toEqual([code]);
    expect(recordings(files)).toHaveLength(1);
    expect(files.flatMap((file) => (file.ok ? [] : [file.refused.message]))).toEqual([expect.stringContaining("a.json")]);
  });

  test("that are damaged or too large are refused", async () => {
    const file = await write("game/liveGameV1/a.json.gz", envelope());
    await writeFile(file, gzipSync(envelope()).subarray(0, 60));
    await write("game/liveGameV1/b.json.gz", Buffer.alloc(1_000_000, " "));
    await write("game/liveGameV1/c.json", Buffer.alloc(60_000, " "));
    expect(refusals(await read(undefined, { limits: { maxBytes: 50_000 } }))).toEqual([
      "file.unreadable",
      "file.too-large",
      "file.too-large",
    ]);
  });

  test("that links lead out of the folder to are refused, those inside are read", async () => {
    const outside = join(root, "secret.json");
    await writeFile(outside, envelope());
    await symlink(outside, join(folder, "game/liveGameV1/a.json"));
    await symlink(join(root, "nowhere"), join(folder, "game/liveGameV1/b.json"));
    const inside = await write("game/liveGameV1/c.json", envelope());
    await symlink(inside, join(folder, "game/liveGameV1/d.json"));
    const files = await read();
    expect(refusals(files)).toEqual(["stub.outside-folder", "stub.outside-folder"]);
    expect(recordings(files)).toHaveLength(2);
    expect(refusals(await read({ game_pk: "1" }))).toEqual(["stub.outside-folder", "stub.outside-folder"]);
  });

  test("of a whole folder outside are refused", async () => {
    await rm(join(folder, "game"), { recursive: true });
    const outside = join(root, "elsewhere", "liveGameV1");
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, "a.json"), envelope());
    await symlink(join(root, "elsewhere"), join(folder, "game"));
    expect(refusals(await read())).toEqual(["stub.outside-folder"]);
  });

  test("of a method without a folder are none, without a stub folder an error", async () => {
    await rm(join(folder, "game"), { recursive: true });
    expect(await read()).toEqual([]);
    await rm(folder, { recursive: true });
    await expect(read()).rejects.toMatchObject({ code: "stubs.no-folder" });
  });
});

describe("the time of a recording", () => {
  const none = { file: "a.json", recordedAt: null, givenAt: null };

  test("is what its envelope says, else the version, else what the user says", () => {
    const at = "2024-01-01T00:00:00.000000Z";
    const given = "2025-01-01T00:00:00.000000Z";
    expect(capturedAtOf({ ...none, recordedAt: at, givenAt: given }, "20240713_041909")).toBe(at);
    expect(capturedAtOf({ ...none, givenAt: given }, "20240713_041909")).toBe("2024-07-13T04:19:09.000000Z");
    expect(capturedAtOf({ ...none, givenAt: given }, "7")).toBe(given);
    expect(capturedAtOf({ ...none, givenAt: given }, null)).toBe(given);
  });

  test("is asked for where nothing says it", () => {
    expect(() => capturedAtOf(none, null)).toThrow("--captured-at");
    expect(() => capturedAtOf(none, "no time")).toThrow("a.json: nothing says when it was captured");
  });

  test("is given by the user as a time or as that of each file", () => {
    expect(parseGivenTime("file")).toEqual({ kind: "file" });
    expect(parseGivenTime("2024-07-13T04:19:09Z")).toEqual({ kind: "instant", at: "2024-07-13T04:19:09.000000Z" });
    expect(() => parseGivenTime("2024-07-13")).toThrow("with its zone");
  });
});

const real = join(import.meta.dirname, "../../../shared/stubs");
describe.skipIf(!existsSync(real))("the real stubs", () => {
  test("are all read, and their URLs are those that the catalogue makes of their parameters", async () => {
    const others: string[] = [];
    let count = 0;
    for (const method of catalogue.methods) {
      for await (const file of readStubs(method, catalogue, { folder: real, capturedAt: null })) {
        expect(file).toMatchObject({ ok: true });
        if (!file.ok) continue;
        count++;
        const { url, parameters, body } = file.recording;
        expect(JSON.parse(body.toString("utf8"))).toBeTypeOf("object");
        const recorded = new URL(url ?? "");
        recorded.searchParams.sort();
        const made = requestPath(method, parameters);
        if (recorded.pathname + recorded.search !== made) others.push(made);
      }
    }
    expect(count).toBe(44);
    // The client that recorded it took the parameter and did not send it.
    expect(others).toEqual(["/api/v1/divisions?divisionId=200"]);
  });

  test("have the game of the mission's example once without a time code", async () => {
    const files: RecordingFile[] = [];
    for await (const file of readStubs(feed, catalogue, { folder: real, capturedAt: null, parameters: { game_pk: "747175" } }))
      files.push(file);
    expect(recordings(files)).toHaveLength(1);
    expect(recordings(files)[0]!.body.includes('"timeStamp": "20240713_041909"')).toBe(true);
  });
});
