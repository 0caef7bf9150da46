// Kysely and Drizzle in a page: neither they nor the application pass the session on, and the plugin carries it.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "@playwright/test";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { build, type InlineConfig, preview } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";
import { browserPath } from "../../setup/ensure-browser.mjs";
import { watchConsoles } from "../../setup/secrets.ts";

const repository = join(import.meta.dirname, "../../..");

const PAGE = `import { createDatabase } from "isopool";
import { browserContext } from "isopool/browser-context";
import { drizzle } from "isopool/drizzle";
import { IsopoolDialect } from "isopool/kysely";
import { sqlJs } from "isopool/sql-js";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { Kysely } from "kysely";
import initSqlJs from "sql.js";
import wasm from "sql.js/dist/sql-wasm-browser.wasm?url";

const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: () => initSqlJs({ locateFile: () => wasm }) })], context: browserContext() });
const kysely = new Kysely({ dialect: new IsopoolDialect(db) });
const goods = sqliteTable("goods", { id: integer().primaryKey() });
const orm = drizzle(db, { schema: { goods } });

// None of them is handed a session, nor what the callback of a transaction is given.
const byKysely = (id) => kysely.insertInto("goods").values({ id }).execute();
const byDrizzle = async (id) => { await null; await orm.insert(goods).values({ id }); };
const byItself = async (id) => { await db.sql\`insert into goods (id) values (\${id})\`; };
const all = async (id, fails) => {
  await byKysely(id);
  await Promise.all([byDrizzle(id + 1), byItself(id + 2)]);
  if (fails) throw new Error("fails");
};

globalThis.story = async () => {
  await db.session(() => db.query("create table goods (id integer primary key)"));
  const ways = [
    (work) => kysely.transaction().execute(work),
    (work) => orm.transaction(work),
    (work) => db.session(work),
  ];
  const told = [];
  for (const [at, way] of ways.entries()) {
    await way(() => all(100 * at, true)).catch(({ message }) => told.push(message));
    await way(() => all(100 * at, false));
  }
  // Side by side, each in its own.
  await Promise.allSettled(ways.map((way, at) => way(() => all(1_000 + 100 * at, at === 1))));
  const { rows } = await db.session(() => db.query("select id from goods order by id"));
  return [told, rows.map(({ id }) => id)];
};`;

let browser: Browser;
beforeAll(async () => {
  const executablePath = browserPath();
  browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }) });
});
afterAll(() => browser.close());

test("in a page, a Kysely, a Drizzle and db.sql are in the transaction of whichever began it", async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "isopool-builders-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "node_modules"));
  for (const name of ["kysely", "drizzle-orm", "sql.js"])
    symlinkSync(join(repository, "node_modules", name), join(root, "node_modules", name), "junction");
  writeFileSync(
    join(root, "index.html"),
    '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
  );
  writeFileSync(join(root, "page.js"), PAGE);
  const entry = (path: string): string => join(repository, "src", path);
  const settings: InlineConfig = {
    root,
    configFile: false,
    logLevel: "silent",
    plugins: [isopool()],
    resolve: {
      dedupe: ["kysely", "drizzle-orm", "sql.js"],
      alias: [
        { find: /^isopool$/, replacement: entry("index.ts") },
        { find: "isopool/browser-context", replacement: entry("carrier/runtime/index.ts") },
        { find: "isopool/drizzle", replacement: entry("integrations/drizzle/index.ts") },
        { find: "isopool/kysely", replacement: entry("integrations/kysely/index.ts") },
        { find: "isopool/sql-js", replacement: entry("adapters/sql-js/index.ts") },
      ],
    },
    preview: { host: "127.0.0.1", port: 0 },
  };
  await build(settings);
  const server = await preview(settings);
  onTestFinished(() => server.close());
  const page = await browser.newPage();
  watchConsoles(page.context());
  await page.goto(server.resolvedUrls?.local[0]?.replace("localhost", "127.0.0.1") ?? "");
  await page.waitForFunction("globalThis.story");
  const [told, ids] = await page.evaluate<[string[], number[]]>("story()");
  expect(told).toEqual(["fails", "fails", "fails"]);
  expect(ids).toEqual([0, 100, 200, 1_000, 1_200].flatMap((id) => [id, id + 1, id + 2]));
  await page.close();
});
