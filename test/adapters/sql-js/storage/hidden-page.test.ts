// A page that is hidden may never run again: with `relaxed`, what was committed is made durable at once.

import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import { createDatabase } from "../../../../src/index.ts";
import { engine } from "../target.ts";
import { hostHere } from "../worker/threads.ts";
import { Disk } from "./disk.ts";
import { diskStorage, imageOn } from "./disk-storage.ts";

// Time stands still: by itself, it would be flushed a little later.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** As of a power cut right now: nothing of what was not flushed is there. */
function afterCut(disk: Disk): Uint8Array {
  return imageOn(disk.afterCut(() => 1));
}

test.each([
  ["hidden, on this thread", "visibilitychange", false],
  ["hidden, in a worker", "visibilitychange", true],
  ["left, on this thread", "pagehide", false],
  ["left, in a worker", "pagehide", true],
] as const)("%s", async (_, type, isInWorker) => {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  const disk = new Disk();
  const options = { sqlJs: engine, storage: diskStorage(disk, { durability: "relaxed" }) };
  const adapter = isInWorker ? sqlJsWorker({ worker: () => hostHere(options) }) : sqlJs(options);
  const db = createDatabase(`sqljs:hidden-${type}-${isInWorker}`, { adapters: [adapter] });
  await db.autocommit.query("CREATE TABLE t (x)");
  const flushed = vi.spyOn(disk.files[2]!, "flush");
  await db.autocommit.query("INSERT INTO t VALUES (randomblob(9000))");
  await setImmediate();
  expect(flushed).not.toHaveBeenCalled();
  if (type === "visibilitychange") page.visibilityState = "hidden";
  (type === "pagehide" ? window : page).dispatchEvent(new Event(type));
  while (flushed.mock.calls.length === 0) await setImmediate();
  expect(afterCut(disk).length).toBe(imageOn(disk).length);
  await db.dispose();
  // Nothing listens any more.
  flushed.mockClear();
  window.dispatchEvent(new Event("pagehide"));
  expect(flushed).not.toHaveBeenCalled();
});
