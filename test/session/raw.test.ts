import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const pair = { columns: ["id", "id"], rows: [[1, 2]] };
const script = (text: string) => (/pair|select a/.test(text) ? pair : { columns: ["n"], rows: [[text.length]] });

test("raw() gives rows as arrays, so that columns of equal names lose nothing", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const expected = { columns: ["id", "id"], rows: [[1, 2]], rowsAffected: 0 };
  const statement = { text: "pair ?", params: [1] };
  expect(await db.raw("pair")).toEqual(expected);
  expect(await db.raw(statement)).toEqual(expected);
  expect(await db.autocommit.raw(statement)).toEqual(expected);
  await db.session(async (session) => {
    expect(await session.raw(session.sql`pair ${1}`)).toEqual(expected);
    expect(await session.rawBatch([statement, db.sql.raw("pair")])).toEqual([expected, expected]);
  });
  expect(adapter.flights.slice(3)).toEqual([
    "1: begin | pair ?",
    "1: savepoint isopool_batch | pair ? | pair | release isopool_batch",
    "1: commit",
  ]);
});

test("what raw() gives is the caller's: to change it changes nothing for the next", async () => {
  const { db } = fakeDatabase({ script });
  const { columns } = await db.raw("pair");
  (columns as string[]).push("more");
  expect((await db.raw("pair")).columns).toEqual(["id", "id"]);
});

const seen = [
  ["select a.id, b.id from a join b on a.id = b.a", "id"],
  ["SELECT id, name AS id\n FROM item", "id"],
  ["select distinct x.n, y.n from x, y", undefined],
  ["insert into item (id) values (1) returning id, id", "id"],
  ["select id, name, id", "id"],
  ["select id as a, id as b from item", undefined],
  ["select a isnull, b isnull from item", undefined],
  ["select 1.5, 2.5", undefined],
  ["select case when a then b end, case when a then c end from item", undefined],
  ["select 1 -- returning id, id", undefined],
  ["insert into item values (' returning id, id')", undefined],
  ['select "id, id" from item', undefined],
  ["select id, id order by 1", undefined],
  ["update item set id = id, name = name", undefined],
] as const;

test.each(seen)(
  "a list whose columns have equal names is refused before it is sent, where its text shows it: %s",
  async (text, name) => {
    const { db, adapter } = fakeDatabase();
    const running = db.batch(["select 1", { text }]);
    if (name) {
      await expect(running).rejects.toMatchObject({
        code: "QUERY_FAILED",
        outcome: "not-executed",
        details: { statementIndex: 1, sql: text },
        message: expect.stringMatching(
          /^QUERY_FAILED: statement 2 of 2 in the batch: several columns are named `id`.* raw\(\)/,
        ),
      });
      expect(adapter.flights).toEqual([]);
    } else await running;
    await db.rawBatch(["select 1", { text }]);
    await db.session((session) => expectRefusal(session.commit("select 1", text), name));
  },
);

async function expectRefusal(promise: Promise<unknown>, name: string | undefined): Promise<void> {
  if (name) await expect(promise).rejects.toMatchObject({ details: { statementIndex: 1 } });
  else await promise;
}

test("where only the rows show it, the refusal says which statement it was, and that it was executed", async () => {
  const { db } = fakeDatabase({ script });
  await expect(db.batch(["select 1", "pair", "select 3"])).rejects.toMatchObject({
    code: "QUERY_FAILED",
    outcome: "executed",
    details: { statementIndex: 1, sql: "pair" },
    message: expect.stringContaining("read arrays with raw()"),
  });
});

test("a list names the statement that it refuses for its values, too", async () => {
  const refuse = ({ text }: { text: string }): void => {
    if (text === "bad") throw new TypeError("bad");
  };
  const { db, adapter } = fakeDatabase({ check: refuse });
  await expect(db.batch(["good", "begin"])).rejects.toMatchObject({ code: "TRANSACTION_STATEMENT" });
  await expect(db.batch(["good", 5 as never])).rejects.toMatchObject({ details: { statementIndex: 1 } });
  await expect(db.batch(["good", "bad"])).rejects.toThrow("bad");
  expect(adapter.flights).toEqual([]);
});
