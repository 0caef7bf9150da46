// An engine in the same process has no round trip to share: what it is asked leaves in that moment.

import { expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { type FakeAdapter, queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const lostRace = queryFailed("serialization", "race", true);

/** A session whose connection answers at once. */
async function atOnce(work: (session: Session, flights: () => string[]) => Promise<void>): Promise<void> {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.getConnection();
    Object.assign(adapter.connections[0]!, { answersAtOnce: true });
    await settle();
    await work(s, () => adapter.flights);
  });
}

test("each statement leaves as it is asked, and waits for no other", async () => {
  await atOnce(async (s, flights) => {
    const first = s.query("one");
    expect(flights()).toEqual(["1: begin | one"]);
    await Promise.all([first, s.query("two")]);
    expect(flights()).toEqual(["1: begin | one", "1: two"]);
  });
});

test("but one whose caller gives it up in the same tick has not left", async () => {
  await atOnce(async (s, flights) => {
    const controller = new AbortController();
    const given = s.query("one", undefined, { signal: controller.signal });
    controller.abort("gone");
    await expect(given).rejects.toBe("gone");
    expect(flights()).toEqual([]);
    await s.query("two");
    expect(flights()).toEqual(["1: begin | two"]);
  });
});

test("where nobody listens, what fails, or comes later, is told as ever, and the session goes on", async () => {
  const { db, adapter } = fakeDatabase({}, { onEvent: undefined! });
  adapter.script = (text) => (text === "bad" ? { error: queryFailed("check", "bad") } : undefined);
  await db.session(async (s) => {
    await s.query("first");
    Object.assign(adapter.connections[0]!, { answersAtOnce: true });
    await settle();
    await expect(s.query("bad")).rejects.toMatchObject({ code: "QUERY_FAILED" });
    await s.query("good");
    expect(adapter.flights).toEqual(["1: begin | first", "1: bad", "1: good"]);
  });
});

test("what a hook asks is told to be the connection's setup, and what a session asks is not", async () => {
  const asked: unknown[] = [];
  const { db, adapter } = fakeDatabase(
    {},
    {
      onEvent: undefined!,
      afterConnection: async (connection) => {
        const driver = adapter.connections[0]!;
        const send = driver.send.bind(driver);
        Object.assign(driver, {
          answersAtOnce: true,
          send: (flight: Parameters<typeof send>[0]) => {
            for (const step of flight.steps) if (step.kind === "query") asked.push([step.statement.text, step.isSetup]);
            return send(flight);
          },
        });
        await connection.query("by the hook");
      },
    },
  );
  await db.session(async (s) => {
    await s.query("first");
    await s.query("second");
  });
  expect(asked).toEqual([
    ["by the hook", true],
    ["first", false],
    ["second", false],
  ]);
});

test("who listens hears of each once, and of what failed how long it took", async () => {
  const clock = new FakeClock();
  const { db, adapter, events } = fakeDatabase({}, { runtime: clock.runtime() });
  await db.session(async (s) => {
    await s.query("first");
    const driver = adapter.connections[0]!;
    const send = driver.send.bind(driver);
    Object.assign(driver, {
      answersAtOnce: true,
      send: (flight: Parameters<typeof send>[0]) => {
        clock.jump(7);
        const [step] = flight.steps;
        if (step?.kind !== "query" || step.statement.text !== "bad") return send(flight);
        return [{ status: "failed", error: queryFailed("check", "bad") }];
      },
    });
    await settle();
    events.length = 0;
    await s.query("good");
    await expect(s.query("bad")).rejects.toMatchObject({ code: "QUERY_FAILED" });
    const told = events.map((event) => ("statements" in event ? [event.type, event.statements] : event.type));
    expect(told).toEqual([
      ["send", ["good"]],
      ["flight", ["good"]],
      ["send", ["bad"]],
      ["flight", ["bad"]],
    ]);
    expect(events.filter(({ type }) => type === "flight")).toMatchObject([
      { durationMs: 7, isOk: true },
      { durationMs: 7, isOk: false, error: { code: "QUERY_FAILED" } },
    ]);
  });
});

/** A connection whose queries are done within the call, as sql.js does them. @returns their texts. */
async function doneAtOnce(
  s: Session,
  adapter: FakeAdapter,
  done: (text: string) => unknown = () => undefined,
): Promise<string[]> {
  await s.getConnection();
  const driver = adapter.connections.at(-1)!;
  const send = driver.send.bind(driver);
  const sent: string[] = [];
  Object.assign(driver, {
    answersAtOnce: true,
    send: (flight: Parameters<typeof send>[0]) => {
      const [step] = flight.steps;
      if (step?.kind !== "query") return send(flight);
      const { text } = step.statement;
      sent.push(text);
      done(text);
      const columns = text === "pairs" ? ["a", "a"] : ["a", "b"];
      return [{ status: "done", result: { columns, rows: [[1, 2]], rowsAffected: 0 } }];
    },
  });
  await settle();
  return sent;
}

test("what is kept of it is not done again", async () => {
  const { db, adapter } = fakeDatabase();
  const sent: string[] = [];
  const work = db.session(
    async (s) => {
      await doneAtOnce(s, adapter, (text) => sent.push(text));
      await s.query("kept");
      throw lostRace;
    },
    { transaction: false, retry: 2 },
  );
  await expect(work).rejects.toBe(lostRace);
  expect(sent).toEqual(["kept"]);
});

test("a transaction that it has ended is known to be lost", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session(async (s) => {
    await s.query("first");
    const sent = await doneAtOnce(s, adapter, (text) => {
      if (text === "ends it") adapter.connections[0]!.state = "idle";
    });
    await s.query("ends it");
    await expect(s.query("late")).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
    expect(sent).toEqual(["ends it"]);
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
});

test("rows that cannot be objects are refused, and their statement is sent once", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("first");
    const sent = await doneAtOnce(s, adapter);
    await expect(s.query("pairs")).rejects.toMatchObject({ code: "QUERY_FAILED", outcome: "executed" });
    expect(await s.query("good")).toMatchObject({ rows: [{ a: 1, b: 2 }] });
    expect(sent).toEqual(["pairs", "good"]);
  });
});
