// Databases in files: one process at a time, in the folder that is set, and whole after SIGKILL at any moment.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { fileStorage, type FileStorageOptions } from "../../../../src/adapters/sql-js/storage/file-entry.ts";
import { type RemoteDatabase, sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import { createDatabase, type Database, type DatabaseOptions, setFolder } from "../../../../src/index.ts";
import { hostInThread } from "../worker/threads.ts";
import { newest } from "./engines.ts";

const root = fs.mkdtempSync(join(tmpdir(), "isopool-files-"));
const writer = fileURLToPath(new URL("killed-writer.mjs", import.meta.url));

afterAll(() => fs.rmSync(root, { recursive: true }));

function storageIn(folder: string, options: Partial<FileStorageOptions> = {}): ReturnType<typeof fileStorage> {
  return fileStorage({ fs, process, folder, ...options });
}

function make(
  storage: ReturnType<typeof fileStorage>,
  options: Partial<DatabaseOptions> = {},
  name = "shop",
): Database {
  return createDatabase(`sqljs:${name}`, { adapters: [sqlJs({ sqlJs: newest, storage })], ...options });
}

async function count(db: Database): Promise<unknown> {
  return (await db.autocommit.query<{ n: number }>("SELECT count(*) AS n FROM t")).rows[0]!.n;
}

test("what was committed is there in the next process, with and without dispose(), and no lock is left", async () => {
  const folder = join(root, "a/b");
  const first = make(storageIn(folder));
  await first.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  await first.dispose();
  expect(fs.readdirSync(folder).sort()).toEqual(["shop.sqlite", "shop.sqlite-log1", "shop.sqlite-log2"]);
  const second = make(storageIn(folder));
  expect(await count(second)).toBe(1);
  await second.dispose();
});

test("the image of a file is kept in place of what was there, larger or smaller, and is the database from then on", async () => {
  const storage = storageIn(join(root, "restored"));
  const images: Uint8Array[] = [];
  for (const rows of [3_000, 2]) {
    const from = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: newest })] });
    await from.autocommit.query(
      `CREATE TABLE t AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i, hex(randomblob(40)) AS x FROM n`,
    );
    const image = await from.session(async (session) =>
      ((await session.getConnection()).raw as { export(): Uint8Array }).export(),
    );
    await from.dispose();
    await storage.restore("shop", image);
    images.push(image);
    const db = make(storage);
    expect(await count(db)).toBe(rows);
    await db.autocommit.query("CREATE TABLE more(x)");
    await db.dispose();
    expect((await storage.salvage("shop")).length).toBe(image.length + 4_096);
  }
  expect(images[0]!.length).toBeGreaterThan(images[1]!.length);
});

test("the folder of a Database, and the one that setFolder() set, is inside of the storage's, or where it says", async () => {
  const storage = storageIn(join(root, "base"));
  const inner = make(storage, { folder: "eu" });
  await inner.autocommit.query("CREATE TABLE t AS SELECT 1");
  await inner.dispose();
  setFolder(join(root, "absolute"));
  const outer = make(storage);
  setFolder("");
  await outer.autocommit.query("CREATE TABLE t AS SELECT 1");
  await outer.dispose();
  expect(fs.existsSync(join(root, "base/eu/shop.sqlite"))).toBe(true);
  expect(fs.existsSync(join(root, "absolute/shop.sqlite"))).toBe(true);
});

test("one name in two folders at a time is refused: a name is one database", async () => {
  const storage = storageIn(join(root, "two"));
  const one = make(storage, { folder: "eu" });
  await one.autocommit.query("SELECT 1");
  const other = make(storage, { folder: "us" });
  await expect(other.autocommit.query("SELECT 1")).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  await other.dispose();
  await one.dispose();
});

test("a file that another process has open is refused; one whose process is gone is taken over", async () => {
  const folder = join(root, "locked");
  fs.mkdirSync(folder);
  const lock = join(folder, "shop.sqlite-lock");
  // The parent of this process lives as long as it does.
  fs.writeFileSync(lock, String(process.ppid));
  const refused = make(storageIn(folder));
  await expect(refused.autocommit.query("SELECT 1")).rejects.toMatchObject({
    code: "STORAGE_FAILED",
    details: { storage: "shop", reason: "locked" },
    message: expect.stringContaining("another tab, worker or process has it open"),
  });
  await refused.dispose();
  expect(fs.readdirSync(folder)).toEqual(["shop.sqlite-lock"]);
  const gone = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => gone.once("exit", resolve));
  for (const owner of [gone.pid, process.pid, ""]) {
    fs.writeFileSync(lock, String(owner));
    const db = make(storageIn(folder));
    await db.autocommit.query("SELECT 1");
    await db.dispose();
    expect(fs.existsSync(lock)).toBe(false);
  }
});

test("a file that another thread of this process has open is refused; one whose thread was ended is taken over", async () => {
  const folder = join(root, "threads");
  const hosts: ReturnType<typeof hostInThread>[] = [];
  const worker = (): ReturnType<typeof hostInThread> => {
    const host = hostInThread(folder);
    hosts.push(host);
    return host;
  };
  const inThread = createDatabase("sqljs:shop", { adapters: [sqlJsWorker({ worker })] });
  await inThread.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  const db = make(storageIn(folder));
  await expect(db.autocommit.query("INSERT INTO t VALUES (2)")).rejects.toMatchObject({
    code: "STORAGE_FAILED",
    details: { storage: "shop", reason: "locked" },
  });
  await inThread.autocommit.query("INSERT INTO t VALUES (3)");
  // As one that is ended in the middle of a statement: it gives nothing back.
  const ended = new Promise((resolve) => hosts[0]!.thread.once("exit", resolve));
  const session = inThread.open();
  ((await session.getConnection()).raw as RemoteDatabase).terminate();
  await session.close().catch(() => undefined);
  await ended;
  expect(await count(db)).toBe(2);
  await db.dispose();
  await inThread.dispose();
});

test("whoever wants a file that is open waits for it a while: a program that is started anew meets its former self", async () => {
  const folder = join(root, "patience");
  const first = make(storageIn(folder));
  await first.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  const image = storageIn(folder).salvage("shop");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await first.dispose();
  expect((await image).length).toBe(8_192);
  const owner = spawn(process.execPath, ["-e", "setTimeout(() => {}, 500)"]);
  fs.writeFileSync(join(folder, "shop.sqlite-lock"), String(owner.pid));
  const next = make(storageIn(folder));
  expect(await count(next)).toBe(1);
  await next.dispose();
  await storageIn(folder).remove("shop");
});

test("salvage() gives the image, remove() deletes it; neither while a Database has it open", async () => {
  const storage = storageIn(join(root, "tools"));
  const db = make(storage);
  await db.autocommit.query("CREATE TABLE t AS SELECT 42 AS x");
  await expect(storage.salvage("shop")).rejects.toMatchObject({ details: { reason: "locked" } });
  await expect(storage.remove("shop")).rejects.toMatchObject({ details: { reason: "locked" } });
  await db.dispose();
  const image = new newest.Database(await storage.salvage("shop"));
  expect(image.exec("SELECT x FROM t")).toMatchObject([{ values: [[42]] }]);
  image.close();
  await storage.remove("shop");
  await storage.remove("shop");
  expect(fs.readdirSync(join(root, "tools"))).toEqual([]);
});

test("wrong options are refused at once", () => {
  expect(() => storageIn("x", { fs: {} as typeof fs })).toThrow(TypeError);
  expect(() => storageIn("x", { process: {} as typeof process })).toThrow(TypeError);
});

test("what is no image is not restored, and what no URL can name is not touched", async () => {
  const storage = storageIn(join(root, "wrong/inner"));
  const db = make(storage);
  await db.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  await db.dispose();
  const image = await storage.salvage("shop");
  for (const wrong of [image.buffer, new DataView(image.buffer), new Uint16Array(4_096), "image", [1], {}, undefined]) {
    await expect(storage.restore("shop", wrong as never)).rejects.toThrow("Expected `image` to be a Uint8Array, got `");
    await expect(storage.restore("shop", wrong as never)).rejects.toThrow(TypeError);
  }
  expect(await storage.salvage("shop")).toEqual(image);
  await storage.restore("shop", Buffer.from(image));
  expect(await storage.salvage("shop")).toEqual(image);
  for (const name of ["../shop", "a b", "", ".x", "a/b", "memory", undefined, null, 1]) {
    for (const work of [storage.salvage, storage.remove, (bad: string) => storage.restore(bad, image)])
      await expect(work(name as never)).rejects.toThrow("Expected `name` to be that of a database");
  }
  expect(fs.readdirSync(join(root, "wrong"))).toEqual(["inner"]);
  expect(fs.readdirSync(join(root, "wrong/inner"))).toHaveLength(3);
});

test("killed in the middle of its commits, 12 times: no image is torn, and no commit that it was told of is lost", async () => {
  const folder = join(root, "killed");
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [writer, folder], { stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stderr.on("data", (data) => (errors += String(data)));
    const exited = new Promise((resolve) => child.once("close", resolve));
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (data) => {
        output += String(data);
        // At another moment each round: after some commits, in the middle of the next one.
        if (output.split("\n").length > 20 + round * 7) resolve();
      });
      child.once("close", () => resolve());
    });
    child.kill("SIGKILL");
    await exited;
    expect(errors).toBe("");
    const told = Number(output.trim().split("\n").at(-1));
    const db = make(storageIn(folder), {}, "bank");
    const look = async (sql: string): Promise<unknown> => Object.values((await db.autocommit.query(sql)).rows[0]!)[0];
    expect(await look("PRAGMA integrity_check")).toBe("ok");
    expect(await look("SELECT sum(balance) FROM account")).toBe(20_000);
    const stored = await look("SELECT number FROM done");
    expect([told, told + 1]).toContain(stored);
    await db.dispose();
  }
});

test("a database that cannot be removed is not kept locked by the attempt", async () => {
  const folder = join(root, "kept");
  const db = make(storageIn(folder));
  await db.autocommit.query("CREATE TABLE t AS SELECT 1 AS x");
  await db.dispose();
  const refuse = (path: string, options: { force: true }): void => {
    if (path.endsWith("-log1")) throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
    fs.rmSync(path, options);
  };
  const held = Object.assign(Object.create(fs) as typeof fs, { rmSync: refuse });
  const storage = fileStorage({ fs: held, process, folder });
  await expect(storage.remove("shop")).rejects.toMatchObject({ code: "STORAGE_FAILED", details: { reason: "failed" } });
  expect(fs.existsSync(join(folder, "shop.sqlite-lock"))).toBe(false);
  // What was left of it does not become part of another one.
  await storageIn(folder).remove("shop");
  expect(fs.readdirSync(folder)).toEqual([]);
});
