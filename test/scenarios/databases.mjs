// Databases that last, in a browser of any make: what was told to be committed is there after the browser was killed, and sessions of
// all tabs agree while the tab that has the engine is closed again and again.

import { runnerImport } from "vite";
import { makeProfile, startBrowser } from "./browsers.mjs";

const KILLS = 3;
/** By what they are kept in: the kinds of `test/e2e/storage/program.ts`, of one tab and of many. */
const STORAGES = { IndexedDB: ["indexeddb", "tabs-indexeddb"], OPFS: ["worker", "tabs-opfs"] };

/** @returns for each storage what went wrong, or `absent` where the browser has none; nothing where it gave no answer within `waitMs`. */
export async function judgeDatabases(browser, waitMs) {
  const { module } = await runnerImport(new URL("../e2e/storage/server.ts", import.meta.url).pathname);
  const server = await module.serve();
  const profile = makeProfile();
  /** Has a page do something. It is killed at `count` commits it was told of, if not before. */
  const play = async (order, count = Infinity) => {
    server.told.length = 0;
    const url = `${server.url}/?${new URLSearchParams({ where: "page", ...order })}`;
    const started = startBrowser(browser, profile.path, url);
    const told = new Promise((resolve) => {
      server.onTold = () => server.told.length >= count && resolve({ told: server.told.at(-1) });
    });
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, waitMs)));
    try {
      return await Promise.race([told, server.result(), started.ended, late]);
    } finally {
      clearTimeout(timer);
      server.onTold = undefined;
      await started.kill("SIGKILL");
    }
  };
  try {
    const verdicts = [];
    for (const [name, [alone, shared]] of Object.entries(STORAGES)) {
      const verdict = (await judgeKills(play, alone)) ?? (await judgeTabs(play, shared));
      verdicts.push({ name, verdict });
    }
    return verdicts;
  } finally {
    await server[Symbol.asyncDispose]();
    await profile.remove();
  }
}

async function judgeKills(play, kind) {
  for (let kill = 1; kill <= KILLS; kill++) {
    const { told, error } = (await play({ op: "work", kind }, 20 * kill)) ?? {};
    if (error?.details?.reason === "absent") return "absent";
    if (told === undefined) return `no commit: ${JSON.stringify(error) ?? "no answer"}`;
    const { result: seen } = (await play({ op: "check", kind })) ?? {};
    if (seen?.integrity !== "ok" || seen.sum !== 50_000 || seen.number < told)
      return `killed behind commit ${told}: ${JSON.stringify(seen) ?? "no answer"}`;
  }
}

async function judgeTabs(play, kind) {
  const { result, error } = (await play({ op: "frames", kind, name: "frames" })) ?? {};
  if (result?.wrong.length === 0 && result.done > 0) return undefined;
  return `tabs: ${JSON.stringify(result ?? error) ?? "no answer"}`;
}
