import { type FSWatcher, existsSync, watch } from "node:fs";
import { RawWatch } from "./raw-watch.ts";

/** News of a folder below `root`, which is watched until the folder is there. */
export function watchFolder(root: string, folder: string): RawWatch {
  let watcher: FSWatcher | null = null;
  let watched = "";
  const news = new RawWatch(() => {
    watcher?.close();
    return Promise.resolve();
  });
  const begin = (): void => {
    const place = existsSync(folder) ? folder : root;
    if (place === watched) return;
    watched = place;
    watcher?.close();
    watcher = watch(place, () => {
      news.tell();
      begin();
    });
    // Where the system watches no more (too many of them), who waits looks from time to time.
    watcher.on("error", () => watcher?.close());
  };
  begin();
  return news;
}
