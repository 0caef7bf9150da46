// A database on a volume that two containers have: process numbers of one say nothing in the other, and both may be number 1.

import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { fileStorage } from "../../../../src/adapters/sql-js/storage/file-entry.ts";
import { sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database } from "../../../../src/index.ts";
import { engine } from "../target.ts";

const root = fs.mkdtempSync(join(tmpdir(), "isopool-elsewhere-"));
const holders: ChildProcess[] = [];

afterAll(() => {
  for (const holder of holders) holder.kill("SIGKILL");
  fs.rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

interface Holder {
  readonly child: ChildProcess;
  /** The next line that it says. */
  said(): Promise<string>;
  insert(x: number): Promise<string>;
}

/** A process that has the database open. */
async function hold(folder: string): Promise<Holder> {
  const script = fileURLToPath(new URL("lock-holder.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  holders.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<string> => String((await lines.next()).value);
  expect(await said()).toBe("open");
  return { child, said, insert: (x) => (child.stdin.write(`${x}\n`), said()) };
}

/** This process, as one in another container: all numbers of processes are other ones', the own is that of the owner. */
function elsewhere(folder: string, pid: number): Database {
  const there = Object.assign(Object.create(fs) as typeof fs, {
    statSync: (path: string) => (path === "/proc/self/ns/pid" ? { dev: 0, ino: 7 } : fs.statSync(path)),
  });
  const kill = (): never => {
    throw Object.assign(new Error("no such process"), { code: "ESRCH" });
  };
  const storage = fileStorage({ fs: there, process: { pid, kill }, folder });
  return createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs: engine, storage })] });
}

async function rows(db: Database): Promise<unknown[]> {
  return (await db.autocommit.query("SELECT x FROM t ORDER BY x")).rows.map(({ x }) => x);
}

test.each(["the same", "another"])("an owner with %s number that lives keeps it", async (number) => {
  const folder = join(root, number);
  const { child, insert } = await hold(folder);
  const db = elsewhere(folder, number === "another" ? process.pid : child.pid!);
  await expect(rows(db)).rejects.toMatchObject({ code: "STORAGE_FAILED", details: { reason: "locked" } });
  expect(await insert(1)).toBe("done");
  child.kill("SIGKILL");
  expect(await rows(db)).toEqual([1]);
  await db.dispose();
  expect(fs.existsSync(join(folder, "shop.sqlite-lock"))).toBe(false);
});

test("one that stands still is replaced, and writes nothing when it goes on", async () => {
  const folder = join(root, "still");
  const { child, insert } = await hold(folder);
  expect(await insert(1)).toBe("done");
  child.kill("SIGSTOP");
  const db = elsewhere(folder, child.pid!);
  expect(await rows(db)).toEqual([1]);
  await db.autocommit.query("INSERT INTO t VALUES (2)");
  const asked = insert(3);
  child.kill("SIGCONT");
  expect(await asked).toMatch(/STORAGE_FAILED|CONNECTION_LOST/);
  expect(await insert(4)).toBe("STORAGE_FAILED");
  await db.autocommit.query("INSERT INTO t VALUES (5)");
  await db.dispose();
  // Given back, it can be had again.
  expect(await insert(6)).toBe("done");
  child.kill("SIGKILL");
  const after = elsewhere(folder, child.pid!);
  expect(await rows(after)).toEqual([1, 2, 5, 6]);
  expect((await after.autocommit.query("PRAGMA integrity_check")).rows).toEqual([{ integrity_check: "ok" }]);
  await after.dispose();
});
