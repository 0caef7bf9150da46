// Promise: nothing that one asks of the database keeps the page from answering.

import { writeFile } from "node:fs/promises";
import { longestTaskAtBest } from "./storage/task-times.ts";
import { expect, test } from "./page-test.ts";

const ENDLESS = "with recursive c(i) as (select 1 union all select i + 1 from c) select count(*) from c";

test("an endless query is stopped; what was committed before it is there, and it is no error", async ({
  page,
  visitor,
}) => {
  await visitor.open("Console");
  await visitor.run("create table kept as select 7 as n");
  await visitor.write(ENDLESS);
  await visitor.editor.press("ControlOrMeta+Enter");
  // The page is alive: one can look elsewhere, and come back.
  await visitor.goTo("Files");
  await expect(page.getByRole("heading", { name: "Database file" })).toBeVisible();
  await visitor.goTo("Console");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(visitor.summary).toHaveText("Stopped: everything was rolled back.");
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect(await visitor.ask("select n from kept")).toBe("7");
});

test("a million rows are read and paged, and no task of the page takes 50 ms", async ({ page, visitor }) => {
  await visitor.open("Console");
  await visitor.write(
    "with recursive c(i) as (select 1 union all select i + 1 from c where i < 1000000) select i, 'row ' || i as name from c",
  );
  const session = await page.context().newCDPSession(page);
  const longestMs = await longestTaskAtBest(session, async () => {
    await visitor.editor.press("ControlOrMeta+Enter");
    await expect(visitor.summary).toHaveText(/1 statement in/, { timeout: 120_000 });
  });
  expect(longestMs).toBeLessThan(50);
  await visitor.result(1).getByRole("button", { name: "Last page" }).click();
  await expect(visitor.result(1).getByRole("status")).toHaveText("999,901–1,000,000 of 1,000,000");
  expect((await visitor.rows(1)).at(-1)).toEqual(["1000000", "row 1000000"]);
});

test("an import keeps the page free, and what waits for it says so", async ({ page, visitor }, info) => {
  await visitor.open("Files");
  const rows = Array.from({ length: 120_000 }, (_, at) => `${at + 1},"row, ${at + 1}",${(at % 97) + 0.5}\n`).join("");
  const session = await page.context().newCDPSession(page);
  const longestMs = await longestTaskAtBest(session, async (run) => {
    // From the disk: bytes that are handed over are unpacked by the page, in one task.
    const path = info.outputPath(`long${run}.csv`);
    await writeFile(path, `id,name,amount\n${rows}`);
    await visitor.goTo("Files");
    await page.getByLabel("Choose a .csv file").setInputFiles(path);
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByRole("navigation", { name: "Tables" }).getByRole("link", { name: "customers" }).click();
    await expect(page.getByText("Waiting for your import…").first()).toBeVisible();
    await expect(page.getByRole("region", { name: "Rows of customers" })).toBeVisible({ timeout: 120_000 });
  });
  expect(longestMs).toBeLessThan(50);
  await visitor.goTo("Files");
  await expect(page.getByText(/120,000 rows imported into long\d/)).toBeVisible({ timeout: 120_000 });
});

test("a script of hundreds of statements asks for one frame at a time, and its memory is let go", async ({
  page,
  visitor,
}) => {
  await page.addInitScript(() => {
    // How many frames are asked for and not there yet: the animation must not multiply.
    const original = requestAnimationFrame;
    const frames = { open: 0, most: 0 };
    Object.assign(globalThis, { frames });
    globalThis.requestAnimationFrame = (callback) => {
      frames.most = Math.max(frames.most, ++frames.open);
      return original((time) => {
        frames.open--;
        callback(time);
      });
    };
  });
  await visitor.open("Sessions");
  await visitor.goTo("Console");
  const script = Array.from({ length: 250 }, (_, at) => `update products set stock = ${at} where id = 1;`).join("\n");
  const session = await page.context().newCDPSession(page);
  const heap = async (): Promise<number> => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize / 2 ** 20;
  };
  await visitor.write(script);
  const sizes: number[] = [];
  for (let round = 0; round < 5; round++) {
    await visitor.editor.press("ControlOrMeta+Enter");
    await expect(page.getByRole("button", { name: /^Run/ })).toBeVisible({ timeout: 120_000 });
    await expect(visitor.summary).toHaveText(/250 statements in/);
    sizes.push(await heap());
  }
  // Of 1,250 statements the first 250 fill what is kept of the past.
  expect(
    sizes.at(-1)! - sizes[0]!,
    `megabytes behind each round: ${sizes.map((size) => size.toFixed(1)).join(", ")}`,
  ).toBeLessThan(2);
  const { most } = await page.evaluate(() => (globalThis as unknown as { frames: { most: number } }).frames);
  expect(most).toBeLessThan(6);
});
