// FOUND: a list and its values stayed shared with the caller until they were sent, which may be much later: of a buffer that was
// emptied behind `batch(buffer)`, nothing was stored and all was reported as done.

import { expect, test } from "vitest";
import type { Queryable, Session, SqlValue, Statement } from "../../src/index.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

type Asking = (on: Session, params: SqlValue[], list: (string | Statement)[]) => Promise<unknown>;

const read = async (rows: AsyncIterable<unknown>): Promise<void> => {
  for await (const row of rows) expect(row).toBeUndefined();
};

const asked: Record<string, Asking> = {
  query: (on, params) => on.query("a", params),
  "query of a statement": (on, params) => on.query({ text: "a", params }),
  raw: (on, params) => on.raw({ text: "a", params }),
  batch: (on, _params, list) => on.batch(list),
  rawBatch: (on, _params, list) => on.rawBatch(list),
  commit: (on, params) => on.commit({ text: "a", params }, "b"),
  cursor: (on, params) => on.cursor.execute("a", params),
  stream: (on, params) => read(on.stream({ text: "a", params })),
};

test.each(Object.entries(asked))(
  "what is done to its input behind the call changes nothing: %s",
  async (_name, ask) => {
    const bound: unknown[] = [];
    const gate = deferred();
    const { db } = fakeDatabase(
      { onOpen: () => gate.promise, check: ({ params }) => void (params && bound.push(structuredClone(params))) },
      { pool: { max: 1 } },
    );
    const session = db.open();
    const params = ["as given"];
    const statement = { text: "a", params };
    const list: (string | Statement)[] = [statement, "b"];
    const asking = ask(session, params, list);
    params[0] = "changed";
    statement.text = "changed";
    list.length = 0;
    gate.resolve();
    await asking;
    expect(bound).toEqual([["as given"]]);
    await session.close();
  },
);

test("nor does it for a stream outside of a session, or named values", async () => {
  const bound: unknown[] = [];
  const { db } = fakeDatabase({ check: ({ params }) => void (params && bound.push(structuredClone(params))) });
  const params = { a: "as given" };
  const rows = db.autocommit.stream({ text: "a", params });
  const asking = db.autocommit.query("b", params);
  params.a = "changed";
  await asking;
  await read(rows);
  expect(bound).toEqual([{ a: "as given" }, { a: "as given" }]);
});

test.each(["select 1", undefined, null, new Set(["a"])])("a list that is none is a TypeError: %s", async (list) => {
  const { db, adapter } = fakeDatabase();
  const check = async (on: Queryable): Promise<void> => {
    for (const name of ["batch", "rawBatch"] as const)
      await expect(on[name](list as never)).rejects.toThrow(/^Expected a list of statements, got `\w+`$/);
  };
  await check(db.autocommit);
  await db.session(check);
  expect(adapter.log).toEqual([]);
});
