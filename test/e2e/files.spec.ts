// Promise: a person opens a database of their own, and takes it home again as it is.

import { existsSync } from "node:fs";
import type { Page } from "@playwright/test";
import { askFile, makeFile } from "./database-file.ts";
import { contentOf, expect, test } from "./page-test.ts";

const SHELF = [
  "create table books (id integer primary key, title text not null, cover blob)",
  "insert into books values (1, 'Ulysses', x'00ff10'), (2, 'Ficciones', null), (9007199254740993, 'Big', null)",
];

test.beforeEach(({ visitor }) => visitor.open("Files"));

async function pick(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.getByLabel("Open a .sqlite file").setInputFiles({ name, mimeType: "application/vnd.sqlite3", buffer });
}

/** As a person drops it: with the events that a browser sends. */
async function drop(page: Page, name: string, buffer: Buffer): Promise<void> {
  const data = await page.evaluateHandle(
    ([fileName, bytes]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], fileName));
      return transfer;
    },
    [name, [...buffer]] as const,
  );
  await page.dispatchEvent("body", "dragover", { dataTransfer: data });
  await expect(page.getByText("Drop a .sqlite, .sql or .csv file")).toBeVisible();
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
}

async function download(page: Page): Promise<Buffer> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the database" }).click(),
  ]);
  return contentOf(file);
}

test("a file of one's own opens with the picker", async ({ page, visitor }) => {
  await pick(page, "shelf.sqlite", await makeFile(...SHELF));
  await expect(page.getByText("shelf.sqlite is open, with 1 table.")).toBeVisible();
  expect(await visitor.ask("select title from books where id = 9007199254740993")).toBe("Big");
});

test("a file of one's own opens by drag and drop, from any view", async ({ page, visitor }) => {
  await visitor.goTo("Console");
  await drop(page, "dropped.db", await makeFile(...SHELF));
  await expect(page.getByText("dropped.db is open, with 1 table.")).toBeVisible();
  await visitor.look("books");
  await expect(page.getByRole("region", { name: "Rows of books" })).toContainText("Ficciones");
});

test("what is no database is refused in words, and what was open stays", async ({ page, visitor }) => {
  await pick(page, "photo.sqlite", Buffer.from("GIF89a and then some"));
  await expect(page.getByRole("alert")).toContainText("photo.sqlite is not an SQLite database");
  expect(await visitor.ask("select count(*) from customers")).toBe("420");
});

test("a damaged database is refused in words, and what was open stays", async ({ page, visitor }) => {
  const image = await makeFile(...SHELF);
  image.fill(0x5a, 100, 4096);
  await pick(page, "damaged.sqlite", image);
  await expect(page.getByRole("alert")).toContainText("damaged.sqlite cannot be opened");
  expect(await visitor.ask("select count(*) from customers")).toBe("420");
});

test("the sample shop is downloaded whole, and opens again", async ({ page, visitor }) => {
  const image = await download(page);
  expect(await askFile(image, "select count(*) from order_lines")).toBe(4113);
  expect(await askFile(image, "pragma integrity_check")).toBe("ok");
  await pick(page, "again.sqlite", image);
  await expect(page.getByText(/again\.sqlite is open, with 6 tables/)).toBeVisible();
  expect(await visitor.ask("select count(*) from order_lines")).toBe("4113");
});

test("a change goes home in the file: what was committed, and only that", async ({ page, visitor }) => {
  await pick(page, "shelf.sqlite", await makeFile(...SHELF));
  await expect(page.getByText("shelf.sqlite is open, with 1 table.")).toBeVisible();
  await visitor.goTo("Console");
  await visitor.run("update books set title = 'Dubliners' where id = 1");
  await visitor.run("delete from books; select * from nowhere;");
  await visitor.goTo("Files");
  const image = await download(page);
  expect(await askFile(image, "select group_concat(title) from books")).toBe("Dubliners,Ficciones,Big");
  expect(await askFile(image, "select hex(cover) from books where id = 1")).toBe("00FF10");
});

test("a database in WAL mode opens as well", async ({ page, visitor }) => {
  const image = await makeFile(...SHELF);
  // Bytes 18 and 19 of the header: 2 for a write-ahead log.
  image[18] = 2;
  image[19] = 2;
  await pick(page, "wal.sqlite", image);
  await expect(page.getByText("wal.sqlite is open, with 1 table. Its last writes may be missing")).toBeVisible();
  expect(await visitor.ask("select count(*) from books")).toBe("3");
});

test("the sample shop comes back, and both stay in this browser", async ({ page, visitor }) => {
  await pick(page, "shelf.sqlite", await makeFile(...SHELF));
  await expect(page.getByText("shelf.sqlite is open, with 1 table.")).toBeVisible();
  await page.getByRole("button", { name: "Open Sample shop" }).click();
  await expect(page.getByText("Sample shop is open")).toBeVisible();
  expect(await visitor.ask("select count(*) from orders")).toBe("1650");
});

test("a file of no bytes is an empty database", async ({ page, visitor }) => {
  await pick(page, "empty.db", Buffer.alloc(0));
  await expect(page.getByText("empty.db is open, with 0 tables.")).toBeVisible();
  await visitor.goTo("Console");
  await visitor.run("create table first (n)");
  await visitor.look("first");
});

test("a file that was cut off opens as far as it goes, under its own name, and that is said", async ({
  page,
  visitor,
}) => {
  const image = await makeFile(
    "create table small (n)",
    "insert into small values (1), (2)",
    "create table large (n integer primary key, filler)",
    "with recursive c(i) as (select 1 union all select i + 1 from c where i < 3000) insert into large select i, hex(randomblob(60)) from c",
  );
  await pick(page, "cut.sqlite", image.subarray(0, Math.floor(image.length / 2)));
  const notice = page.locator("page-files .summary");
  await expect(notice).toContainText("cut.sqlite is open, with 2 tables. The file is damaged: it is cut off:");
  await expect(notice).toContainText(/Read in part: large \(1,\d\d\d rows\)/);
  expect(await visitor.ask("select count(*) from small")).toBe("2");
  expect(await visitor.ask("pragma integrity_check")).toBe("ok");
});

test("a damaged page in the middle costs its own rows, and no others", async ({ page, visitor }) => {
  const image = await makeFile(
    "create table large (n integer primary key, filler)",
    "with recursive c(i) as (select 1 union all select i + 1 from c where i < 3000) insert into large select i, hex(randomblob(60)) from c",
  );
  image.fill(0x5a, 4_096 * 30, 4_096 * 31);
  await pick(page, "spoilt.sqlite", image);
  await expect(page.locator("page-files .summary")).toContainText("The file is damaged");
  const rows = Number(await visitor.ask("select count(*) from large"));
  expect(rows).toBeGreaterThan(2_900);
  expect(rows).toBeLessThan(3_000);
});

test("three hundred tables have a list of their own, which is filtered; a chosen one is in the address", async ({
  page,
}) => {
  const tables = Array.from(
    { length: 300 },
    (_, at) => `create table t${String(at).padStart(3, "0")} as select ${at} as n`,
  );
  await pick(page, "many.sqlite", await makeFile(...tables));
  await expect(page.getByText("many.sqlite is open, with 300 tables.")).toBeVisible();
  const list = page.getByRole("navigation", { name: "Tables" });
  await list.getByRole("link", { name: "t290" }).click();
  await expect(page.getByRole("region", { name: "Rows of t290" })).toBeInViewport();
  await page.getByLabel("Filter tables").fill("t13");
  await expect(list.getByRole("link")).toHaveCount(10);
  expect(new URL(page.url()).hash).toBe("#try/rows/t290");
  await page.reload();
  await expect(page.getByRole("region", { name: "Rows of t290" })).toContainText("290");
});

test("a full-text table says what it needs, and what it keeps its data in is not listed", async ({ page, visitor }) => {
  const image = await makeFile(
    "create table note_data (id integer primary key, block blob)",
    "create table plain (n)",
    "pragma writable_schema = on",
    "insert into sqlite_schema values ('table', 'note', 'note', 0, 'CREATE VIRTUAL TABLE note USING fts5(body)')",
  );
  await pick(page, "notes.sqlite", image);
  await expect(page.getByText(/notes\.sqlite is open, with/)).toBeVisible();
  const list = page.getByRole("navigation", { name: "Tables" });
  await expect(list.getByRole("link")).toHaveCount(2);
  await visitor.look("note");
  await expect(page.getByRole("alert")).toContainText("needs fts5");
});

// A real database of somebody's, where one is at hand: Chinook, a music shop.
const chinook = process.env["ISOPOOL_CHINOOK"] ?? "";

if (existsSync(chinook)) {
  test("a real file, Chinook, opens: 11 tables, 15,607 rows", async ({ page, visitor, shoot }) => {
    await page.getByLabel("Open a .sqlite file").setInputFiles(chinook);
    await expect(page.getByText("11 tables, 15,607 rows")).toBeVisible();
    await visitor.look("PlaylistTrack");
    await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("of 8,715");
    await shoot("tables-chinook");
  });
}
