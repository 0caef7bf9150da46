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
