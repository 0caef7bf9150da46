// An answer that is a failure rolls back, and is the handler's own, whatever the rollback comes to.

import { describe, expect, test } from "vitest";
import { requestContext, withSession, workers } from "../../../src/integrations/workers/index.ts";
import { type Answer, queryFailed } from "../../kit/fake-adapter.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

const request = (): Request => new Request("http://localhost/");
const platform = { runtime: workers(), context: requestContext() };
const sorry = (): Response => new Response("sorry", { status: 503 });
const WAYS: [string, Answer][] = [
  ["loses the connection", { lost: "unknown" }],
  ["is refused", { error: queryFailed("other") }],
];

test("what was done before a failure is rolled back, in every database, and told so", async () => {
  const [first, second] = [fakeDatabase({}, platform), fakeDatabase({}, platform)];
  const told: string[] = [];
  const handle = withSession([first.db, second.db], async (_request: Request, _env: unknown, _ctx: object, all) => {
    for (const [index, session] of all.entries()) {
      await session.query("insert");
      session.onCommit(() => told.push(`commit ${index}`));
      session.onRollback(() => told.push(`rollback ${index}`));
    }
    return sorry();
  });
  expect((await handle(request(), {}, {})).status).toBe(503);
  expect([first, second].map(({ adapter }) => adapter.flights)).toEqual([
    ["1: begin | insert", "1: rollback"],
    ["1: begin | insert", "1: rollback"],
  ]);
  expect(told).toEqual(["rollback 0", "rollback 1"]);
});

test("an answer of a class that a library brings, in Node, is one too", async () => {
  /** As node-fetch has it. */
  class Response {
    readonly [Symbol.toStringTag] = "Response";
    readonly status: number;
    constructor(status: number) {
      this.status = status;
    }
  }
  const { db, adapter } = fakeDatabase({}, platform);
  const handle = withSession(db, async ({ url }: Request, _env: unknown, _ctx: object, session) => {
    await session.query("insert");
    return new Response(Number(new URL(url).pathname.slice(1)));
  });
  for (const status of [200, 500]) await handle(new Request(`http://localhost/${status}`), {}, {});
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: begin | insert", "1: rollback"]);
});

describe.each(WAYS)("a rollback that %s", (_, answer) => {
  const failing = { script: (text: string) => (text === "rollback" ? answer : undefined) };

  test("leaves the answer as it is, and closes the connection", async () => {
    const { db, adapter, events } = fakeDatabase(failing, platform);
    const handle = withSession(db, async (_request: Request, _env: unknown, _ctx: object, session) => {
      await session.query("insert");
      return sorry();
    });
    const response = await handle(request(), {}, {});
    expect([response.status, await response.text()]).toEqual([503, "sorry"]);
    expect(adapter.openConnections).toBe(0);
    expect(events.filter(({ type }) => type === "error")).toHaveLength(1);
  });

  test("keeps no other database from its own", async () => {
    const [first, second] = [fakeDatabase(failing, platform), fakeDatabase({}, platform)];
    const handle = withSession([first.db, second.db], async (_request: Request, _env: unknown, _ctx: object, all) => {
      for (const session of all) await session.query("insert");
      return sorry();
    });
    expect((await handle(request(), {}, {})).status).toBe(503);
    expect(second.adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
  });

  test("leaves the error of a handler that throws as it is", async () => {
    const { db, adapter } = fakeDatabase(failing, platform);
    const boom = new Error("boom");
    const handle = withSession(db, async (_request: Request, _env: unknown, _ctx: object, session) => {
      await session.query("insert");
      throw boom;
    });
    await expect(handle(request(), {}, {})).rejects.toBe(boom);
    expect(adapter.openConnections).toBe(0);
  });
});

test("a handler that answers for a connection that was lost is heard", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "die" ? { lost: "unknown" } : undefined) }, platform);
  const handle = withSession(db, async (_request: Request, _env: unknown, _ctx: object, session) => {
    await session.query("insert");
    return session.query("die").then(() => new Response("fine"), sorry);
  });
  expect((await handle(request(), {}, {})).status).toBe(503);
});

test.each([
  [404, undefined, "commit"],
  [499, undefined, "commit"],
  [500, undefined, "rollback"],
  [404, (response: Response) => response.status === 404, "rollback"],
  [500, (response: Response) => response.status === 404, "commit"],
  [404, async (response: Response) => response.status === 404, "rollback"],
  [500, async (response: Response) => response.status === 404, "commit"],
])("%d with rollbackOn %s: %s", async (status, rollbackOn, settle) => {
  const { db, adapter } = fakeDatabase({}, platform);
  const handle = withSession(
    db,
    async (_request: Request, _env: unknown, _ctx: object, session) => {
      await session.query("insert");
      return new Response("so it is", { status });
    },
    { rollbackOn },
  );
  const event = request();
  expect((await handle(event, {}, {})).status).toBe(status);
  expect(adapter.flights).toEqual(["1: begin | insert", `1: ${settle}`]);
  // Its session is found still, and refuses who comes late.
  await expect(db.of(event)!.query("too late")).rejects.toThrow("SESSION_CLOSED");
});
