import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installs, isOfWorkerd } from "../package/package.ts";
import { installedProject, type Project } from "./installed.ts";

let project: Project;
beforeAll(() => {
  project = installedProject({ drivers: ["sql.js"] });
});
afterAll(() => project.remove());

function runNode(script: string): string {
  const file = project.write("main.mjs", script);
  return execFileSync(process.execPath, [file], { cwd: project.folder, encoding: "utf8", stdio: "pipe" });
}

describe.each(installs)("beside $frameworks", ({ frameworks, entries: all }) => {
  const entries = all.filter((entry) => !isOfWorkerd(entry));
  let own: Project;
  beforeAll(() => {
    own = installedProject({ drivers: frameworks, by: "tar" });
  });
  afterAll(() => own.remove());

  test.each(entries)("$name can be imported from the installed package", ({ name }) => {
    const script = `import * as entry from ${JSON.stringify(name)}; console.log(Object.keys(entry).join());`;
    const names = execFileSync(process.execPath, [own.write("main.mjs", script)], {
      cwd: own.folder,
      encoding: "utf8",
    });
    expect(names.trim()).not.toBe("");
  });
});

test("a CommonJS program can require the package where Node lets it", () => {
  const file = project.write("main.cjs", 'console.log(typeof require("isopool").createDatabase);');
  // On by default from Node 20.19.
  expect(execFileSync(process.execPath, [file], { encoding: "utf8", stdio: "pipe" })).toContain("function");
});

test("a session commits on sql.js, and the program ends by itself", () => {
  const output = runNode(`
    import initSqlJs from "sql.js";
    import { createDatabase } from "isopool";
    import { sqlJs } from "isopool/sql-js";

    const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
    const rows = await db.session(async (session) => {
      await session.query("create table note (text)");
      await session.query("insert into note values (?)", ["kept"]);
      return (await session.query("select text from note")).rows;
    });
    console.log(JSON.stringify(rows));`);
  expect(JSON.parse(output)).toEqual([{ text: "kept" }]);
});

// Issue 9, P3. An interval stands for a socket: it keeps the process alive until it is closed.
const POOL = `
  import { ConnectionPool } from "isopool/pool";
  const startedAt = performance.now();
  process.on("exit", () => console.log(JSON.stringify({ ms: performance.now() - startedAt, ...result })));
  const result = {};
  const source = { open: () => setInterval(() => undefined, 1_000), close: (socket) => clearInterval(socket) };
`;

function runPool(script: string): Record<string, number> {
  return JSON.parse(runNode(POOL + script)) as Record<string, number>;
}

test("a program whose work is done ends by itself, once its connections were idle for idleMs", () => {
  const { ms } = runPool(`
    const pool = new ConnectionPool(source, { idleMs: 500 });
    await Promise.all([1, 2, 3].map(() => pool.use(() => undefined)));`);
  expect(ms).toBeGreaterThan(490);
  expect(ms).toBeLessThan(5_000);
});

test("connections that keep no process alive do not begin to, for the time that they are idle", () => {
  const { ms } = runPool(`
    const pool = new ConnectionPool({ open: () => ({}), close: () => undefined }, { idleMs: 30_000, leakMs: 20_000 });
    await Promise.all([1, 2, 3].map(() => pool.use(() => new Promise((resolve) => setTimeout(resolve, 10)))));
    void pool.acquire();`);
  expect(ms).toBeLessThan(5_000);
});

test("a caller that waits is told in time, though nothing else keeps the process alive", () => {
  const result = runPool(`
    const pool = new ConnectionPool({ open: () => ({}), close: () => undefined }, { max: 1 });
    (await pool.acquire()).release();
    const lease = await pool.acquire();
    await pool.acquire({ timeoutMs: 300 }).catch(({ code }) => (result.code = code));
    await pool.dispose({ timeoutMs: 200 });
    result.isDisposed = true;`);
  expect(result).toMatchObject({ code: "POOL_TIMEOUT", isDisposed: true });
  expect(result["ms"]).toBeGreaterThan(490);
  expect(result["ms"]).toBeLessThan(5_000);
});
