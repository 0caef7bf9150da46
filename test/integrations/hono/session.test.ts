import { AsyncLocalStorage } from "node:async_hooks";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import initSqlJs from "sql.js";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseEvent, type Session } from "../../../src/index.ts";
import { session, type SessionVariables } from "../../../src/integrations/hono/index.ts";
import { withSession } from "../../../src/integrations/workers/index.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

const engine = await initSqlJs({ useOldExtensionFunctions: false } as object);

let db: Database;
let events: DatabaseEvent[];

beforeEach(async () => {
  events = [];
  db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: engine })],
    context: asyncLocal(AsyncLocalStorage),
    onEvent: (event) => events.push(event),
  });
  await db.query("create table parent (id integer primary key)");
  await db.query("create table visit (path text, parent_id integer references parent deferrable initially deferred)");
});

afterEach(async () => {
  expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  await db.dispose();
});

const paths = async (): Promise<unknown> =>
  (await db.sql`select path from visit order by rowid`).map(({ path }) => path);

/** An application that writes a visit, and then answers as it is told. */
function application(use = session(db)): Hono<{ Variables: SessionVariables }> {
  return new Hono<{ Variables: SessionVariables }>()
    .use(use)
    .post("/throws/:status", async (c) => {
      await c.var.session.sql`insert into visit (path) values (${c.req.path})`;
      throw new HTTPException(Number(c.req.param("status")) as 409, { message: "no" });
    })
    .post("/returns/:status", async (c) => {
      await db.sql`insert into visit (path) values (${c.req.path})`;
      return c.text("answer", Number(c.req.param("status")) as 200);
    })
    .get("/visits", async (c) => c.json(await c.var.session.sql`select count(*) as visits from visit`));
}

describe("the response", () => {
  test("leaves when its work is committed", async () => {
    const response = await application().request("/returns/201", { method: "POST" });
    expect([response.status, await response.text()]).toEqual([201, "answer"]);
    expect(await paths()).toEqual(["/returns/201"]);
  });

  test.each([409, 400, 500])(
    "of a thrown HTTPException with status %s arrives, and the work is rolled back",
    async (status) => {
      const response = await application().request(`/throws/${status}`, { method: "POST" });
      expect([response.status, await response.text()]).toEqual([status, "no"]);
      expect(await paths()).toEqual([]);
    },
  );

  test("with status 500 rolls back, and one with 404 commits", async () => {
    for (const status of [500, 503, 404]) await application().request(`/returns/${status}`, { method: "POST" });
    expect(await paths()).toEqual(["/returns/404"]);
  });

  test("is that of app.onError() for any error, which sees it unchanged", async () => {
    const reason = new Error("boom");
    const seen: unknown[] = [];
    const app = application()
      .post("/boom", async (c) => {
        await c.var.session.sql`insert into visit (path) values ('boom')`;
        throw reason;
      })
      .onError((error, c) => {
        seen.push(error);
        return c.text("handled", 418);
      });
    const response = await app.request("/boom", { method: "POST" });
    expect([response.status, await response.text(), seen]).toEqual([418, "handled", [reason]]);
    expect(await paths()).toEqual([]);
  });

  test("of a commit that the database refuses is that of app.onError()", async () => {
    const seen: unknown[] = [];
    const app = application()
      .post("/orphan", async (c) => {
        await c.var.session.sql`insert into visit values ('orphan', 99)`;
        return c.text("not yet");
      })
      .onError((error, c) => {
        seen.push(error);
        return c.text("refused", 409);
      });
    const response = await app.request("/orphan", { method: "POST" });
    expect([response.status, await response.text()]).toEqual([409, "refused"]);
    expect(seen).toMatchObject([{ code: "QUERY_FAILED", details: { kind: "foreign-key" } }]);
    expect(await paths()).toEqual([]);
  });

  test("keeps what other middleware does with it", async () => {
    const app = new Hono()
      .use(async (c, next) => {
        await next();
        c.header("x-outer", String(c.res.status));
      })
      .route("/", application());
    const response = await app.request("/throws/422", { method: "POST" });
    expect([response.status, response.headers.get("x-outer"), await response.text()]).toEqual([422, "422", "no"]);
  });

  test("of a path that nobody handles is 404, and no connection is taken", async () => {
    const opened = db.stats().waits;
    events.length = 0;
    expect((await application().request("/nowhere")).status).toBe(404);
    expect(events.map(({ type }) => type)).toEqual(["session", "end"]);
    expect(db.stats().waits).toBe(opened);
  });
});

test("a body may stream rows: the session lasts until it is read, and the response keeps its headers", async () => {
  await db.sql`insert into visit (path) values ('a'), ('b')`;
  const app = new Hono<{ Variables: SessionVariables }>()
    .use(session(db, { keepUntilStreamEnds: true }))
    .get("/", (c) => {
      const rows = c.var.session.stream<{ path: string }>("select path from visit", { batchSize: 1 });
      const body = new ReadableStream({
        async start(controller) {
          for await (const { path } of rows) controller.enqueue(new TextEncoder().encode(path));
          controller.close();
        },
      });
      c.header("set-cookie", "one=1");
      return c.body(body, 200, { "content-type": "text/x-rows" });
    });
  const response = await app.request("/");
  expect([response.headers.getSetCookie(), response.headers.get("content-type")]).toEqual([["one=1"], "text/x-rows"]);
  expect(await response.text()).toBe("ab");
  while (db.stats().busy > 0) await new Promise((resolve) => setImmediate(resolve));
});

describe("options", () => {
  test("rollbackOn(c) decides, and sees the error and the response", async () => {
    const rollbackOn = (c: { error: unknown; res: Response }): boolean => c.error === undefined && c.res.status === 404;
    const app = application(session(db, { rollbackOn }));
    for (const path of ["/throws/409", "/returns/404", "/returns/500"]) await app.request(path, { method: "POST" });
    expect(await paths()).toEqual(["/throws/409", "/returns/500"]);
  });

  test("settings(c) are those of the request's session", async () => {
    const { db: postgres, adapter } = fakeDatabase({ capabilities: { dialect: "postgres" } });
    const app = new Hono<{ Variables: SessionVariables }>()
      .use(session(postgres, { settings: (c) => ({ "app.tenant": c.req.header("x-tenant") ?? "none" }) }))
      .get("/", async (c) => {
        await c.var.session.query("select 1");
        return c.text("ok");
      });
    await app.request("/", { headers: { "x-tenant": "acme" } });
    expect(adapter.begins).toEqual([{ settings: { "app.tenant": "acme" } }]);
  });

  test("writing methods begin `read write`, and reading ones do not", async () => {
    const { db: any, adapter } = fakeDatabase();
    const app = new Hono<{ Variables: SessionVariables }>().use(session(any)).all("/", async (c) => {
      await c.var.session.query("select 1");
      return c.text("ok");
    });
    const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    for (const method of methods) await app.request("/", { method });
    const modes = adapter.begins.map(({ accessMode }, at) => `${methods[at]}: ${accessMode ?? "default"}`);
    expect(modes).toEqual([
      "GET: default",
      "POST: read write",
      "PUT: read write",
      "PATCH: read write",
      "DELETE: read write",
      "HEAD: default",
    ]);
  });

  test("what cannot be meant is refused at once", () => {
    expect(() => session({} as never)).toThrow(TypeError);
    expect(() => session(db, { rollbackOn: true as never })).toThrow("Expected `rollbackOn` to be a function");
    expect(() => session(db, { retry: 3 } as never)).toThrow("Expected no `retry`");
    expect(() => session(db, { rollback: true } as never)).toThrow(TypeError);
  });
});

test("several databases are several sessions, in the order of the list", async () => {
  const other = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })] });
  await other.autocommit.query("create table log (line text)");
  const app = new Hono().use(session([db, other])).post("/:status", async (c) => {
    const [first, second] = c.var.session;
    await first!.sql`insert into visit (path) values (${c.req.path})`;
    await second!.sql`insert into log values (${c.req.path})`;
    if (c.req.param("status") === "409") throw new HTTPException(409);
    return c.text("ok");
  });
  await app.request("/409", { method: "POST" });
  await app.request("/200", { method: "POST" });
  const { rows } = await other.autocommit.query("select line from log");
  expect([await paths(), rows]).toEqual([["/200"], [{ line: "/200" }]]);
  await other.dispose();
});

test("used twice for one request, it is one session, and a thrown error rolls all of it back", async () => {
  const inner = new Hono<{ Variables: SessionVariables }>().use(session(db)).post("/:status", async (c) => {
    await c.var.session.sql`insert into visit (path) values ('inner')`;
    if (c.req.param("status") === "409") throw new HTTPException(409);
    return c.text("ok");
  });
  const app = new Hono<{ Variables: SessionVariables }>()
    .use(session(db))
    .use(async (c, next) => {
      await c.var.session.sql`insert into visit (path) values ('outer')`;
      await next();
    })
    .route("/", inner);
  expect((await app.request("/409", { method: "POST" })).status).toBe(409);
  expect(await paths()).toEqual([]);
  expect((await app.request("/200", { method: "POST" })).status).toBe(200);
  expect(await paths()).toEqual(["outer", "inner"]);
});

test("requests at once do not see one another's work", async () => {
  const app = application();
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const path = at % 2 ? `/returns/${200 + (at % 3)}` : "/throws/409";
      return (await app.request(path, { method: "POST" })).status;
    }),
  );
  expect(statuses.filter((status) => status === 409)).toHaveLength(10);
  expect(await paths()).toHaveLength(10);
});

test("types: `c.var.session` is known behind the middleware, and is a list for a list", () => {
  new Hono().use(session(db)).get("/", (c) => {
    expectTypeOf(c.var.session).toEqualTypeOf<Session>();
    expectTypeOf(c.get("session")).toEqualTypeOf<Session>();
    // @ts-expect-error no such variable
    void c.var.sessions;
    return c.text("");
  });
  new Hono().use(session([db, db])).get("/", (c) => {
    expectTypeOf(c.var.session).toEqualTypeOf<Session[]>();
    return c.text("");
  });
  new Hono().get("/", session(db), (c) => {
    expectTypeOf(c.var.session).toEqualTypeOf<Session>();
    return c.text("");
  });
});

test("one inside of another is part of its session, and leaves `c.var.session` as it was", async () => {
  const other = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })] });
  for (const inner of [session(db), session(other)]) {
    const response = await new Hono<{ Variables: SessionVariables }>()
      .use(session(db), async (c, next) => {
        await next();
        await c.var.session.sql`insert into visit (path) values ('behind')`;
      })
      .get("/", inner, async (c) => c.json(await c.var.session.sql`select 1 as one`))
      .request("/");
    expect([response.status, await response.json()]).toEqual([200, [{ one: 1 }]]);
  }
  expect(await paths()).toEqual(["behind", "behind"]);
  await other.dispose();
});

test("a body that reads on from one inside of another finds the inner session", async () => {
  const response = await new Hono<{ Variables: SessionVariables }>()
    .use(session(db))
    .get("/", session(db, { keepUntilStreamEnds: true, transaction: false }), (c) =>
      c.body(
        new ReadableStream({
          async pull(controller) {
            const rows = await c.var.session.sql`select 1 as one`;
            controller.enqueue(new TextEncoder().encode(JSON.stringify(rows)));
            controller.close();
          },
        }),
      ),
    )
    .request("/");
  expect(await response.json()).toEqual([{ one: 1 }]);
});

test("inside of withSession(db, app), it is one session, and a thrown 4xx rolls all of it back", async () => {
  const app = application();
  const { fetch } = withSession(db, app);
  const send = (path: string): Promise<Response> =>
    Promise.resolve(fetch(new Request(`http://localhost${path}`, { method: "POST" }), {}, {} as never));
  const thrown = await send("/throws/409");
  expect([thrown.status, await thrown.text()]).toEqual([409, "no"]);
  expect(await paths()).toEqual([]);
  expect((await send("/returns/201")).status).toBe(201);
  expect(await paths()).toEqual(["/returns/201"]);
  expect(events.filter(({ type }) => type === "commit")).toHaveLength(1);
});
