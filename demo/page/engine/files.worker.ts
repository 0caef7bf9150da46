// What is done to a file before it is a database, or behind it: one task, off the page's thread.

import { browserStorage } from "../../../src/adapters/sql-js/storage/index.ts";
import { loadEngine } from "./load.ts";
import type { FileAnswer, FileResults, FileTask } from "./messages.ts";
import { recover } from "./recover.ts";

const storage = browserStorage({ onMemory: () => undefined });

async function perform(task: FileTask): Promise<FileResults[keyof FileResults]> {
  if (task.op === "recover") return recover(await loadEngine(), task.image);
  if (task.op === "keep") {
    await storage.restore(task.name, task.image);
    return storage.kindOf(task.name) ?? "memory";
  }
  await storage.remove(task.name);
  return true;
}

self.addEventListener("message", ({ data }: MessageEvent<FileTask>) => {
  perform(data).then(
    (result) => postMessage({ result } satisfies FileAnswer),
    (error: unknown) =>
      postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies FileAnswer),
  );
});
