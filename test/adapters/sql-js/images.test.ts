// Issue 11, Q5: what is wrong with the image of a database is told, before a session sees it.

import { expect, test } from "vitest";
import { memory } from "../../../src/adapters/sql-js/index.ts";
import { adapter, open, run } from "./connection.ts";
import { engine } from "./target.ts";

function makeImage(): Uint8Array {
  const db = new engine.Database();
  db.exec("CREATE TABLE t (a, b); CREATE INDEX i ON t (a)");
  db.exec(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i, hex(zeroblob(40)) FROM n",
  );
  const image = db.export();
  db.close();
  return image;
}

const WHOLE = makeImage();

function changed(change: (image: Uint8Array) => void): Uint8Array {
  const image = WHOLE.slice();
  change(image);
  return image;
}

/** Bytes as an encryption leaves them; the same each time. */
function noise(length: number): Uint8Array {
  let seed = 1;
  return Uint8Array.from({ length }, () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) >> 16);
}

let names = 0;

async function opened(image: Uint8Array, warn: (message: string) => void = () => undefined): Promise<string> {
  const name = `image-${++names}`;
  const on = adapter(`sqljs:${name}`, { storage: memory({ [name]: image }), warn });
  try {
    const { rows } = await run(await open(on), "SELECT count(*) FROM sqlite_schema");
    await on.dispose!();
    return String(rows[0]![0]);
  } catch (error) {
    expect(error).toMatchObject({ code: "CONNECT_FAILED", retryable: false, details: { adapter: "sql-js" } });
    return (error as Error).message.replace(name, "x");
  }
}

test.each<[string, Uint8Array, RegExp]>([
  ["a whole one", WHOLE, /^2$/],
  ["an empty one is an empty database", new Uint8Array(0), /^0$/],
  ["one that is a part of a larger buffer", changed(() => undefined).subarray(0), /^2$/],
  ["half", WHOLE.slice(0, WHOLE.length / 2), /`x` is truncated: it has \d+ bytes of \d+$/],
  ["less its last bytes", WHOLE.slice(0, -100), /truncated: it has \d+ bytes of \d+$/],
  ["its first page", WHOLE.slice(0, 4_096), /truncated: it has 4096 bytes of \d+$/],
  ["less than its header", WHOLE.slice(0, 50), /truncated: it has 50 bytes/],
  ["a few of its first bytes", WHOLE.slice(0, 5), /truncated: it has 5 bytes/],
  [
    "cut, of a SQLite that did not count its pages",
    changed((image) => image.fill(0, 28, 32)).slice(0, -100),
    /truncated: it has \d+ bytes/,
  ],
  ["a first page that is damaged", changed((image) => image.fill(0x55, 100, 4_096)), /is damaged: .*malformed/],
  ["a header that makes no sense", changed((image) => image.fill(7, 21, 24)), /is damaged: file is not a database/],
  [
    "a newer format for reading",
    changed((image) => image.fill(3, 18, 20)),
    /newer format than this SQLite: use a newer sql\.js/,
  ],
  ["a newer format for writing", changed((image) => image.fill(3, 18, 19)), /newer/],
  ["a newer format of the schema", changed((image) => image.fill(5, 47, 48)), /newer/],
  [
    "text",
    new TextEncoder().encode("not a database, but long enough to look at".repeat(40)),
    /is not an SQLite database: those begin with/,
  ],
  ["one byte", Uint8Array.of(1), /not an SQLite database/],
  ["zeros", new Uint8Array(4_096), /not an SQLite database: /],
  ["noise", noise(8_192), /not an SQLite database, or is encrypted/],
])("%s", async (_, image, message) => {
  expect(await opened(image)).toMatch(message);
});

test("one in WAL mode is opened, and what may be missing is said once", async () => {
  const warnings: string[] = [];
  expect(
    await opened(
      changed((image) => image.fill(2, 18, 20)),
      (message) => warnings.push(message),
    ),
  ).toBe("2");
  expect(warnings).toEqual([expect.stringMatching(/WAL mode.*`-wal` file.*wal_checkpoint\(TRUNCATE\)/)]);
  warnings.length = 0;
  await opened(WHOLE, (message) => warnings.push(message));
  expect(warnings).toEqual([]);
});

test("damage behind the first page is told by the statement that meets it, as SQLite's own", async () => {
  const on = adapter("sqljs:image-damaged", {
    storage: memory({ "image-damaged": changed((image) => image.fill(0x55, 8_192, 9_000)) }),
  });
  const connection = await open(on);
  await expect(run(connection, "SELECT a FROM t WHERE a = 5")).rejects.toMatchObject({
    code: "QUERY_FAILED",
    message: "QUERY_FAILED: database disk image is malformed",
    details: { kind: "other", dialectCode: "SQLITE_CORRUPT" },
  });
  await on.dispose!();
});
