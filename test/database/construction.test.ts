import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { afterEach, expect, test, vi } from "vitest";
import { createDatabase } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";

afterEach(() => void vi.restoreAllMocks());

test("a database may stand at module level: to load the package and to make one needs nothing but the language", async () => {
  const { outputFiles } = await build({
    entryPoints: ["src/index.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "isopool",
    target: "es2023",
  });
  // No timers, no crypto, no fetch, no URL, no AbortController: a Worker's module level in the extreme. A Date or a random
  // number would be the time and the number of whoever took the snapshot.
  const world = createContext({});
  const run = (code: string): unknown => runInContext(code, world);
  run(
    "Math.random = () => { throw new Error('a random number'); }; Date.now = () => { throw new Error('the time'); };",
  );
  run(outputFiles[0]!.text);
  run(`
    const adapter = { name: "bare", key: "bare:db", capabilities: { placeholder: "?", maxConnections: 1 }, open() { throw new Error("I/O"); } };
    const factory = { schemes: ["bare"], identity: [], create: () => adapter };
    globalThis.db = isopool.createDatabase("bare://ada:secret@host/db", { adapters: [factory], setup: ["set"], pool: { max: 3, leakMs: 5 }, afterConnection() {} });
  `);
  expect(run("typeof db.session")).toBe("function");
  expect(run("[db.stats().open, db.folder, typeof db.current()].join()")).toBe("0,,undefined");
});

// In Node, the first look at `Request` loads all of fetch: a tenth of a second before anything is asked. In workerd it counts as start.
test.each(["libsql", "neon", "d1", "durable-object", "sql-js"])(
  "to load isopool/%s looks at nothing of the platform's: a Worker that starts does not wait for what it may never use",
  async (adapter) => {
    const { outputFiles } = await build({
      entryPoints: [`src/adapters/${adapter}/index.ts`],
      bundle: true,
      write: false,
      format: "iife",
      target: "es2023",
      external: ["cloudflare:*"],
    });
    const seen: string[] = [];
    const world = createContext({ TextDecoder, TextEncoder });
    for (const name of ["Request", "Response", "fetch", "WebSocket", "URL", "AbortController", "crypto", "performance"])
      Object.defineProperty(world, name, { get: () => void seen.push(name) });
    runInContext(outputFiles[0]!.text, world);
    expect(seen).toEqual([]);
  },
);

test("neither is anything done until the first statement: no open, no timer, no random number, no question for the URL", async () => {
  const spies = [
    vi.spyOn(globalThis, "setTimeout"),
    vi.spyOn(globalThis, "setInterval"),
    vi.spyOn(Math, "random"),
    vi.spyOn(crypto, "getRandomValues"),
  ];
  const adapter = new FakeAdapter();
  const url = vi.fn(() => "fake:db");
  const db = createDatabase(url, { adapters: [adapter.factory] });
  db.open();
  await db.session(() => "nothing");
  await db.dispose();
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  expect(url).not.toHaveBeenCalled();
  expect(adapter.opens).toBe(0);
});
