// The runners themselves: vitest here, node:test and Playwright as processes of their own.

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import initSqlJs from "sql.js";
import { afterAll, aroundEach, describe, expect, onTestFinished, test as plain } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase } from "../../../src/index.ts";
import { root } from "../../package/package.ts";
import { rolledBack, rolledBackTest } from "../../../src/integrations/testing/index.ts";

const db = createDatabase("sqljs:memory", {
  adapters: [sqlJs({ sqlJs: await initSqlJs() })],
  context: asyncLocal(AsyncLocalStorage),
});
await db.query("create table item (name text unique)");
afterAll(() => db.dispose());
const add = (name: string): Promise<unknown> =>
  db.session((session) => session.sql`insert into item values (${name})`.run());
const count = async (): Promise<unknown> => (await db.sql<{ n: number }>`select count(*) as n from item`.first())?.n;

describe("vitest", () => {
  const test = rolledBackTest(plain, db);
  test("the first takes a name", async () => {
    await add("taken");
    expect(await count()).toBe(1);
  });
  test("the second takes it too", async () => {
    await add("taken");
    expect(await count()).toBe(1);
  });
  test.each([["taken"], ["taken"]])("a table of tests does, %#: %s", async (name) => {
    await add(name);
    expect(await count()).toBe(1);
  });
  test("options are handed on", { retry: 1, timeout: 20_000 }, async ({ signal }) => {
    expect(signal).toBeInstanceOf(AbortSignal);
    await add("taken");
  });
  test.skip("a test that is skipped is not run", () => {
    throw new Error("never");
  });
  test.concurrent("tests that run at the same time take turns where there is one connection: one", () => add("taken"));
  test.concurrent("and the other", () => add("taken"));

  const extended = rolledBackTest(
    plain.extend<{ seeded: string }>({
      seeded: async ({ task }, use) => {
        await use(`seeded for ${task.name}`);
      },
    }),
    db,
  );
  extended("fixtures are found in the text of the test", async ({ seeded }) => {
    expect(seeded).toContain("seeded for fixtures");
    await add("taken");
  });
  plain("nothing is left", async () => expect(await count()).toBe(0));
  plain("what is no runner is refused", () => {
    expect(() => rolledBackTest("test" as never, db)).toThrow(TypeError);
    expect(() => rolledBackTest(plain, db, { time: 1 } as object)).toThrow("time");
  });
});

describe("vitest with aroundEach(), hooks included", () => {
  aroundEach((run) => rolledBack(db, run));
  plain("the first takes a name", () => add("taken"));
  plain("the second takes it too", () => add("taken"));
});

const SETUP = `
import { AsyncLocalStorage } from "node:async_hooks";
import initSqlJs from "sql.js";
import { sqlJs } from "./src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase } from "./src/index.ts";
import { rolledBackTest } from "./src/integrations/testing/index.ts";
const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })], context: asyncLocal(AsyncLocalStorage) });
await db.query("create table item (name text unique)");
const add = (name) => db.session((session) => session.sql\`insert into item values (\${name})\`.run());
const left = async () => (await db.sql\`select * from item\`).length;
`;

/** Builds a file of tests, as its runner takes it, and runs that on it. */
async function runTests(name: string, text: string, command: readonly string[]): Promise<string> {
  const folder = join(root, "node_modules", ".cache", "isopool-runners", name);
  const file = join(folder, "run.spec.mjs");
  await build({
    stdin: { contents: text, resolveDir: root, loader: "js" },
    outfile: file,
    ...({ bundle: true, packages: "external", format: "esm", platform: "node", logLevel: "silent" } as const),
  });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [...command, file], { cwd: folder, env });
  return stdout;
}

plain("node:test", { timeout: 60_000 }, async () => {
  const text = `import { test as plain } from "node:test";${SETUP}
const test = rolledBackTest(plain, db);
test("first", () => add("taken"));
test("second", { timeout: 20_000 }, async (t) => {
  if (!t.signal) throw new Error("no context");
  await add("taken");
});
plain("nothing is left", async () => {
  if (await left()) throw new Error("left");
  await db.dispose();
});
`;
  const output = await runTests("node", text, ["--test", "--test-reporter=tap"]);
  expect(output).toMatch(/# pass 3\n# fail 0/);
});

plain("Playwright", { timeout: 60_000 }, async () => {
  const text = `import { expect, test as plain } from "@playwright/test";${SETUP}
const test = rolledBackTest(plain.extend({ name: async ({}, use) => use("taken") }), db);
test("first", async ({ name }) => { await add(name); });
test("second", { tag: "@db" }, async ({ name }, info) => {
  expect(info.title).toBe("second");
  await add(name);
});
// A fixture that is there for every test, for what a page asks of a server in this process.
const served = plain.extend({ rolled: [async ({}, use) => rolledBack(db, () => use(), { everywhere: true }), { auto: true }] });
served("third", async () => { await add("taken"); });
plain("nothing is left", async () => { expect(await left()).toBe(0); });
`.replace("import { rolledBackTest }", "import { rolledBack, rolledBackTest }");
  const cli = join(root, "node_modules", "@playwright", "test", "cli.js");
  const output = await runTests("playwright", text, [cli, "test", "--reporter=line", "--workers=1"]);
  expect(output).toMatch(/4 passed/);
});
