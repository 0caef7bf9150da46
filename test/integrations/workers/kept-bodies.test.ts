// keepUntilStreamEnds: the session lasts until the response's body is read, and ends with it, however it ends.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { isDbError } from "../../../src/errors.ts";
import type { DatabaseOptions, Session } from "../../../src/index.ts";
import {
  requestContext,
  withSession,
  type WithSessionOptions,
  workers,
} from "../../../src/integrations/workers/index.ts";
import { type FakeAdapterOptions, queryFailed } from "../../kit/fake-adapter.ts";
import { type FakeDatabase, fakeDatabase } from "../../kit/fake-database.ts";

interface Answer extends FakeDatabase {
  readonly response: Response;
  /** All that the request was kept alive for. */
  over(): Promise<unknown>;
}

type Chunks = (session: Session, fake: FakeDatabase) => AsyncGenerator<string, void>;

/** Answers with what `chunks` gives, in a session that has inserted something. */
async function answer(
  chunks: Chunks,
  { status = 200, ...own }: ResponseInit & WithSessionOptions = {},
  adapterOptions: FakeAdapterOptions = {},
  options: Partial<DatabaseOptions> = { context: requestContext() },
): Promise<Answer> {
  const fake = fakeDatabase(adapterOptions, { runtime: workers(), ...options });
  const kept: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
  const handle = withSession(
    fake.db,
    async (_request: Request, _env: unknown, _context: object, session) => {
      await session.query("insert");
      return new Response(toBody(chunks(session, fake)), { status });
    },
    { keepUntilStreamEnds: true, ...own },
  );
  const response = await handle(new Request("http://localhost/"), {}, context);
  return { ...fake, response, over: () => Promise.all(kept) };
}

function toBody(chunks: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function* three(session: { query(text: string): Promise<unknown> }): AsyncGenerator<string, void> {
  for (const text of ["one", "two", "three"]) {
    await session.query(text);
    yield `${text} `;
  }
}

const SENT = ["1: begin | insert", "1: one", "1: two", "1: three"];

test("the body is all there when what it did is committed", async () => {
  const { response, adapter, over } = await answer(three);
  expect(await response.text()).toBe("one two three ");
  expect(adapter.flights).toEqual([...SENT, "1: commit"]);
  await over();
});

test("with AsyncLocalStorage, a body asks its own session, whoever reads it", async () => {
  const context = requestContext(AsyncLocalStorage);
  const { response, adapter, over } = await answer((_session, { db }) => three(db), {}, {}, { context });
  // The reader is somewhere else, and reads later.
  await new Promise((resolve) => setImmediate(resolve));
  expect(await response.text()).toBe("one two three ");
  expect(adapter.flights).toEqual([...SENT, "1: commit"]);
  await over();
});

test("what the body of a failure does is rolled back with the rest, and the body is read to its end", async () => {
  const { response, adapter, over } = await answer(three, { status: 500 });
  expect([response.status, await response.text()]).toEqual([500, "one two three "]);
  expect(adapter.flights).toEqual([...SENT, "1: rollback"]);
  await over();
});

test("a body that breaks off takes back what was done, and its reader gets its error", async () => {
  const boom = new Error("boom");
  const { response, adapter, over } = await answer(async function* () {
    yield "one";
    throw boom;
  });
  await expect(response.text()).rejects.toBe(boom);
  await over();
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
});

test("a commit that fails breaks the body off", async () => {
  const failed = queryFailed("foreign-key");
  const { response, adapter, over } = await answer(
    three,
    {},
    {
      script: (text) => (text === "commit" ? { error: failed, state: "idle" } : undefined),
    },
  );
  await expect(response.text()).rejects.toBe(failed);
  await over();
  expect(adapter.flights).toEqual([...SENT, "1: commit"]);
});

test("a reader that leaves ends the body's source, and takes back what was done", async () => {
  let isEnded = false;
  const { response, adapter, over } = await answer(async function* (session) {
    try {
      for (;;) yield* three(session);
    } finally {
      isEnded = true;
    }
  });
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel("enough");
  expect(isEnded).toBe(true);
  await over();
  expect(adapter.flights.at(-1)).toBe("1: rollback");
});

test("with AsyncLocalStorage, what a source does when its reader leaves is no session of its own", async () => {
  const refused: unknown[] = [];
  const chunks: Chunks = async function* (_session, { db }) {
    try {
      yield* three(db);
    } finally {
      await db.query("tidy up").catch((error: unknown) => refused.push(error));
    }
  };
  const { response, adapter, over } = await answer(chunks, {}, {}, { context: requestContext(AsyncLocalStorage) });
  const reader = response.body!.getReader();
  await reader.read();
  await new Promise((resolve) => setImmediate(resolve));
  await reader.cancel();
  await over();
  expect(isDbError(refused[0], "SESSION_CLOSED")).toBe(true);
  expect(adapter.flights).toEqual([...SENT.slice(0, adapter.flights.length - 1), "1: rollback"]);
});

test("a session whose time is over breaks the body off, and ends its source, though that needs it no more", async () => {
  let isEnded = false;
  const { response, adapter, over } = await answer(
    async function* () {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield "and so on ";
        }
      } finally {
        isEnded = true;
      }
    },
    { timeoutMs: 1_000 },
  );
  const error: unknown = await response.text().catch((reason: unknown) => reason);
  expect(isDbError(error, "QUERY_TIMEOUT")).toBe(true);
  await over();
  await expect.poll(() => isEnded).toBe(true);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
});
