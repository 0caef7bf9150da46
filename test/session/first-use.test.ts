import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a session that runs no statement opens nothing and sends nothing", async () => {
  const { db, adapter } = fakeDatabase();
  expect(await db.session(() => "done")).toBe("done");
  expect(adapter.log).toEqual([]);
  expect(db.stats().open).toBe(0);
});

test("BEGIN rides with the first statement", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("insert");
    await s.query("update");
  });
  expect(adapter.flights).toEqual(["1: begin | insert", "1: update", "1: commit"]);
});

test("the adapter's setup and the user's ride with the connection's first statement, and only then", async () => {
  const { db, adapter } = fakeDatabase({ setup: [{ text: "adapter setup" }] }, { setup: ["user setup"] });
  await db.session((s) => s.query("one"));
  await db.session((s) => s.query("two"));
  expect(adapter.flights).toEqual([
    "1: adapter setup | user setup | begin | one",
    "1: commit",
    "1: begin | two",
    "1: commit",
  ]);
});

test("statements of the same tick leave in one flight, and each gets its own result", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => ({ columns: ["is"], rows: [[text]] }) });
  const rows = await db.session((s) => Promise.all([s.query("a"), s.sql`b`, s.sql`c`]));
  expect(rows).toEqual([{ rows: [{ is: "a" }], columns: ["is"], rowsAffected: 0 }, [{ is: "b" }], [{ is: "c" }]]);
  expect(adapter.flights).toEqual(["1: begin | a | b | c", "1: commit"]);
});

test("one statement of a flight fails: it alone gets the error, the others their results", async () => {
  const boom = new Error("boom");
  const { db } = fakeDatabase({
    script: (text) => (text === "b" ? { error: boom } : { columns: ["is"], rows: [[text]] }),
  });
  await db.session(async (s) => {
    const [a, b, c] = await Promise.allSettled([s.sql`a`, s.sql`b`, s.sql`c`]);
    expect(a).toEqual({ status: "fulfilled", value: [{ is: "a" }] });
    expect(b).toEqual({ status: "rejected", reason: boom });
    expect(c).toEqual({ status: "fulfilled", value: [{ is: "c" }] });
  });
});

test("a setup that fails is the statement's error, and nobody else sees that connection", async () => {
  let broken = true;
  const error = new Error("no such setting");
  const { db, adapter } = fakeDatabase(
    { script: (text) => (text === "setup" && broken ? { error } : undefined) },
    { setup: ["setup"] },
  );
  await expect(db.session((s) => s.query("one"))).rejects.toBe(error);
  expect(db.stats().open).toBe(0);
  broken = false;
  await db.session((s) => s.query("two"));
  expect(adapter.flights.at(-2)).toBe("2: setup | begin | two");
});

test("a flight that was refused as a whole keeps its connection, unless its setup was on it", async () => {
  const busy = queryFailed("busy", "", true);
  let refusals = 1;
  const { db, adapter } = fakeDatabase(
    {
      script: () => {
        if (refusals-- > 0) throw busy;
        return undefined;
      },
    },
    { setup: ["setup"] },
  );
  await expect(db.autocommit.query("one")).rejects.toBe(busy);
  await db.autocommit.query("two");
  refusals = 1;
  await expect(db.autocommit.query("three")).rejects.toBe(busy);
  await db.autocommit.query("four");
  expect(adapter.log).toEqual([
    "open 1",
    "1: setup | one",
    "close 1",
    "open 2",
    "2: setup | two",
    "2: three",
    "2: four",
  ]);
});
