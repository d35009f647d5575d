import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCaptureFiles } from "./capture-files.ts";
import type { CaptureFileOptions } from "./capture-files.ts";
import { readCatalogue } from "./read-catalogue.ts";
import type { RecordingFile } from "./recording.ts";

const catalogue = await readCatalogue(join(import.meta.dirname, "../../config/endpoints"));
const schedule = catalogue.get("schedule", "schedule");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capture-files-"));
  await mkdir(join(folder, "deep", "er"), { recursive: true });
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function read(patterns: readonly string[], more: Partial<CaptureFileOptions> = {}): Promise<RecordingFile[]> {
  const list: RecordingFile[] = [];
  for await (const file of readCaptureFiles(schedule, catalogue, { patterns, folder, parameters: {}, capturedAt: null, ...more }))
    list.push(file);
  return list;
}

function names(files: readonly RecordingFile[]): string[] {
  return files.map((file) => (file.ok ? file.recording.file : file.refused.file).slice(folder.length + 1));
}

describe("capture files", () => {
  test("are found by globs, sorted, each once", async () => {
    for (const name of ["b.json", "a.json.gz", "deep/c.json", "deep/er/d.json", "e.txt"])
      await writeFile(join(folder, name), name.endsWith("gz") ? gzipSync("[]") : "[]");
    expect(names(await read(["**/*.json", "*.json.gz", "b.json"]))).toEqual(["a.json.gz", "b.json", "deep/c.json", "deep/er/d.json"]);
    expect(names(await read([join(folder, "deep", "*.json")]))).toEqual(["deep/c.json"]);
  });

  test("may be named literally, also with signs that mean something in globs", async () => {
    for (const name of ["x(v2)[1].json", "y{a,b}.json"]) await writeFile(join(folder, name), "[]");
    expect(names(await read(["x(v2)[1].json", "y{a,b}.json"]))).toEqual(["x(v2)[1].json", "y{a,b}.json"]);
  });

  test("that are none are an error", async () => {
    await expect(read(["*.nothing"])).rejects.toMatchObject({ code: "files.none" });
  });

  test("with bare bodies have the parameters that were given, defaults filled in", async () => {
    const text = '{"totalItems": 1.0}\n';
    await writeFile(join(folder, "a.json"), text);
    const [file] = await read(["a.json"], { parameters: { date: "2024-10-25" } });
    expect(file).toMatchObject({
      ok: true,
      recording: {
        endpoint: "schedule",
        method: "schedule",
        parameters: { date: "2024-10-25", sportId: "1" },
        url: null,
        status: null,
        recordedAt: null,
        givenAt: null,
      },
    });
    expect(file!.ok && file!.recording.body.toString("utf8")).toBe(text);
    await expect(read(["a.json"], { parameters: { dat: "x" } })).rejects.toThrow('did you mean "date"?');
  });

  test("that are no JSON at all are taken: raw judges bodies", async () => {
    await writeFile(join(folder, "a.json"), "<html>");
    await writeFile(join(folder, "b.json"), '{"totalItems":');
    expect((await read(["*.json"])).map(({ ok }) => ok)).toEqual([true, true]);
  });

  test.each(["response", "data", "body"])("with an envelope give what is under %s", async (key) => {
    await writeFile(
      join(folder, "a.json"),
      `{"endpoint":"schedule","method":"schedule","query_params":{"sportId":11},"status":200,"timestamp":"2024-10-25T00:00:00Z","${key}":{"totalItems": 24.0}}`,
    );
    const [file] = await read(["a.json"]);
    expect(file).toMatchObject({
      ok: true,
      recording: { parameters: { sportId: "11" }, status: 200, recordedAt: "2024-10-25T00:00:00.000000Z" },
    });
    expect(file!.ok && file!.recording.body.toString("utf8")).toBe('{"totalItems": 24.0}');
  });

  test("with an envelope of another method are refused, with the flags that take them", async () => {
    await writeFile(join(folder, "a.json"), '{"endpoint":"season","method":"seasons","response":{}}');
    expect(await read(["a.json"])).toMatchObject([
      { ok: false, refused: { code: "files.other-method", next: "--endpoint season --method seasons" } },
    ]);
  });

  test("have the time of the file where the user says so", async () => {
    await writeFile(join(folder, "a.json"), "{}");
    const at = new Date("2024-07-13T04:19:09.250Z");
    await utimes(join(folder, "a.json"), at, at);
    expect(await read(["a.json"], { capturedAt: { kind: "file" } })).toMatchObject([
      { recording: { givenAt: "2024-07-13T04:19:09.250000Z" } },
    ]);
    expect(await read(["a.json"], { capturedAt: { kind: "instant", at: "2024-01-01T00:00:00.000000Z" } })).toMatchObject([
      { recording: { givenAt: "2024-01-01T00:00:00.000000Z" } },
    ]);
  });

  test("that would fill the memory are refused", async () => {
    await writeFile(join(folder, "a.json.gz"), gzipSync(Buffer.alloc(3_000_000, " ")));
    expect(await read(["a.json.gz"], { limits: { maxBytes: 1_000_000 } })).toMatchObject([
      { ok: false, refused: { code: "file.too-large" } },
    ]);
  });
});
