// PYDAL.md section 6, "Request wrapper", with db.session() as the unit of work: `withSession(db, handler)` is db.session()
// around a handler, and comes with issue 3, in test/integrations/workers/, where these cases are told again.

import { expect, test } from "vitest";
import { explicit } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";
import { memoryDatabase, names, thingDatabase } from "./sql-js.ts";

const boom = new Error("boom");
const insert = (name: string): string => `insert into thing (name) values ('${name}')`;

test.each([
  ["succeeds", "commit", "done"],
  ["throws", "rollback", "failed"],
] as const)(
  "case 56: a handler that %s is settled with %s, then released, in that order and once",
  async (how, settle, outcome) => {
    const { db, events } = fakeDatabase();
    const work = db.session(async () => {
      await db.query("insert");
      if (how === "throws") throw boom;
    });
    await work.catch((error: unknown) => expect(error).toBe(boom));
    const told = events.map(({ type }) => type);
    expect(told).toEqual([
      "session",
      "wait",
      "open",
      "acquire",
      "send",
      "flight",
      "begin",
      "send",
      "flight",
      settle,
      "release",
      "end",
    ]);
    expect(events.at(-1)).toMatchObject({ outcome });
  },
);

test("case 57: a commit that fails makes the response an error", async () => {
  const { db } = fakeDatabase({
    script: (text) => (text === "commit" ? { error: queryFailed("foreign-key"), state: "idle" } : undefined),
  });
  const respond = (): Promise<Response> =>
    db
      .session(async () => {
        await db.query("insert");
        return new Response("saved");
      })
      .catch((error: unknown) => new Response(String(error), { status: 500 }));
  expect((await respond()).status).toBe(500);
});

test("case 58: a body that is rendered in the work, and fails, takes its data back with it", async () => {
  const db = await thingDatabase();
  const work = db.session(async (s) => {
    await s.query(insert("a"));
    return new Response(
      await (async () => {
        throw boom;
      })(),
    );
  });
  await expect(work).rejects.toBe(boom);
  expect(await names(db)).toEqual([]);
});

test("case 58: a body that is produced after the work has returned gets no data, but a typed error", async () => {
  const db = await thingDatabase();
  await db.autocommit.query(insert("a"));
  const body = await db.session((s) => {
    const rows = s.stream("select name from thing")[Symbol.asyncIterator]();
    return new ReadableStream(
      { pull: async (controller) => controller.enqueue((await rows.next()).value) },
      { highWaterMark: 0 },
    );
  });
  await expect(body.getReader().read()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("case 59: a wrapper applied twice is one unit of work", async () => {
  const { db, adapter } = fakeDatabase();
  await db.transaction(() =>
    db.transaction(async () => {
      await db.query("insert");
    }),
  );
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit"]);
});

test("case 60: what is thrown rolls back, a redirect too; what is returned commits; and commit() before a throw keeps it", async () => {
  const db = await thingDatabase();
  const redirect = new Response(undefined, { status: 303, headers: { location: "/" } });
  const thrown = db.session(async (s) => {
    await s.query(insert("thrown"));
    throw redirect;
  });
  await expect(thrown).rejects.toBe(redirect);
  expect(await names(db)).toEqual([]);
  await db.session(async (s) => {
    await s.query(insert("returned"));
    return redirect;
  });
  const kept = db.session(async (s) => {
    await s.query(insert("kept"));
    await s.commit();
    throw redirect;
  });
  await expect(kept).rejects.toBe(redirect);
  expect(await names(db)).toEqual(["returned", "kept"]);
});

test("case 61: outside of any session a statement is a session of its own, which no later request commits or rolls back", async () => {
  const db = await thingDatabase();
  await db.query(insert("outside"));
  const later = db.session(async (s) => {
    await s.query(insert("later"));
    throw boom;
  });
  await expect(later).rejects.toBe(boom);
  expect(await names(db)).toEqual(["outside"]);
});

test("case 61: where nobody can tell whether there is a session, it is refused, and nothing is written", async () => {
  const db = await thingDatabase({ context: explicit() });
  await expect(db.query(insert("outside"))).rejects.toMatchObject({
    code: "SESSION_REQUIRED",
    outcome: "not-executed",
  });
  await expect(db.sql`insert into thing (name) values (${"outside"})`).rejects.toMatchObject({
    code: "SESSION_REQUIRED",
  });
  await expect(db.batch([insert("outside")])).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  expect(() => db.stream("select 1")).toThrow(/SESSION_REQUIRED/);
  expect(await names(db)).toEqual([]);
});

test.each([
  ["its connection is kept", {}],
  ["its connection is closed after each", { pool: { maxIdle: 0 } }],
])("case 62: a database in memory lives as long as its object, when %s", async (_how, options) => {
  const db = await thingDatabase(options);
  for (const name of ["a", "b", "c"]) await db.session((s) => s.query(insert(name)));
  const session = db.open();
  await session.query(insert("d"));
  await session.close("commit", { really: true });
  expect(await names(db)).toEqual(["a", "b", "c", "d"]);
});

test("case 62: two databases in memory have nothing in common", async () => {
  const [one, other] = [await thingDatabase(), await memoryDatabase()];
  await one.query(insert("a"));
  await expect(other.query("select * from thing")).rejects.toThrow(/no such table/);
});
