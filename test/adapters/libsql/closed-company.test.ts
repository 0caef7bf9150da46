// Promise: a connection that is closed while its reads are under way asks nothing more, also where they were too large together.

import { expect, onTestFinished, test } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { PATIENCE } from "../../servers/patience.ts";

const read = (text: string) => ({ kind: "query", statement: { text }, guarded: false, onError: "continue" }) as const;

test.each([
  ["the request", { status: 413 }, "SELECT 1", "QUERY_FAILED"],
  ["an answer", undefined, "SELECT hex(randomblob(2000))", "CONNECTION_LOST"],
])("where %s was too large, nothing is asked again alone", async (_, fault, text, code) => {
  const server = await startLibsqlServer({ latencyMs: 200, maxResponseBytes: 1_000 });
  onTestFinished(() => server.stop());
  const adapter = libsql().create({ url: server.url, folder: "" });
  const connection = await adapter.open({ url: server.url, signal: new AbortController().signal });
  if (fault) await server.fail({ action: "status", ...fault });
  const asked = Promise.resolve(connection.send({ steps: [read(text), read("SELECT 2")] }));
  asked.catch(() => undefined);
  await expect.poll(async () => (await server.requests()).length, PATIENCE).toBe(1);
  await connection.close();
  await expect(asked).rejects.toMatchObject({ code });
  expect(connection.state).toBe("closed");
  const sent = (await server.requests()).flatMap(({ sql }) => sql);
  expect(sent).toEqual([text, "SELECT 2"]);
  // What was answered behind the close() has a stream that nobody knows of: it expires.
  expect((await server.open()).length).toBeLessThanOrEqual(1);
});
