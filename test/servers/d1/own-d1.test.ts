// Promise: our own D1 answers as the real one does, so that what is shown on it holds there.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { D1Binding, D1Statement } from "../../../src/adapters/d1/index.ts";
import { playOnD1 } from "../../isolation/history/d1-histories.ts";
import { type RunningMiniflare, startMiniflare } from "../../runtime/miniflare.ts";
import { type Exchange, openOwnD1 } from "./own-d1.ts";

/** They are of all sorts. */
const SEEDS = [0, 6, 7, 12, 22];

let miniflare: RunningMiniflare;

beforeAll(async () => {
  miniflare = await startMiniflare({
    script: "export default { fetch: () => new Response() };",
    databases: ["TEXTS", ...SEEDS.map((seed) => `DB${seed}`)],
  });
});

afterAll(() => miniflare.stop());

type Asked = Pick<Exchange, "sent" | "isBatch">;

/** The answer as a text, or the error: without the place in the statement, which ours does not tell. */
async function ask({ batch, prepare }: D1Binding, { sent, isBatch }: Asked): Promise<string> {
  const list = sent.map(({ text, values }) => (values.length > 0 ? prepare(text).bind(...values) : prepare(text)));
  try {
    const answer = isBatch
      ? ((await batch(list as never[])) as { results: unknown }[]).map(({ results }) => ({ results }))
      : await (list[0] as D1Statement).raw({ columnNames: true } as never);
    return JSON.stringify(answer);
  } catch (error) {
    return String(error).replace(/ at offset \d+/g, "");
  }
}

async function real(name: string): Promise<D1Binding> {
  const binding = await miniflare.d1(name);
  return { prepare: (text) => binding.prepare(text), batch: (list) => binding.batch(list) };
}

const texts: readonly (readonly [text: string, ...values: readonly unknown[]])[] = [
  ["CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c REFERENCES t (a), d CHECK (d > 0), e NOT NULL DEFAULT 1)"],
  ["CREATE TABLE t (a)"],
  ["INSERT INTO t (a, b) VALUES (1, 'x')"],
  ["INSERT INTO t (a, b) VALUES (1, 'y')"],
  ["INSERT INTO t (b) VALUES ('x')"],
  ["INSERT INTO t (c) VALUES (5)"],
  ["INSERT INTO t (d) VALUES (-5)"],
  ["INSERT INTO t (e) VALUES (NULL)"],
  ["INSERT INTO t (a) VALUES ('x')"],
  ["INSERT INTO t (b) SELECT ? RETURNING a, b", "new"],
  ["UPDATE t SET d = 1 WHERE b = 'nobody'"],
  ["SELECT * FROM t WHERE 0"],
  ["SELECT 9007199254740993 AS n, -9223372036854775808 AS m, 1.5 AS r, x'00ff' AS bytes, 'a' AS t, NULL AS none"],
  ["SELECT 1 AS x, 2 AS x, 3 AS '2', 4 AS '1'"],
  ["SELECT typeof(?), typeof(?), typeof(?), typeof(?)", 5, "5", null, Uint8Array.of(5)],
  ["SELECT typeof(CAST(? AS INTEGER)), CAST(? AS INTEGER)", 5, "9007199254740993"],
  ["SELECT json_extract('{}', 'isopool|changed|3')"],
  ["SELEC"],
  ["SELECT nope FROM t"],
  ["SELECT 1 FROM nowhere"],
];

/** Behind an UPDATE, that is what somebody inserted last: workerd itself, maybe. */
function withoutRowids(answer: string): string {
  return answer.replace(/"rowid":"\d+"|(?<=tried\|\d+\|)\d+/g, "rowid");
}

test("each of many statements, alone and in a list", async () => {
  const own = openOwnD1();
  const pair = [own.binding, await real("TEXTS")] as const;
  for (const [text, ...values] of texts)
    for (const isBatch of [false, true]) {
      const asked: Asked = { sent: [{ text, values }], isBatch };
      const [ours, theirs] = [await ask(pair[0], asked), await ask(pair[1], asked)];
      expect(ours, text).toBe(theirs);
    }
  // Of a list that fails, nothing stays.
  const insert = { text: "INSERT INTO t (b) VALUES ('half')", values: [] };
  const count = { text: "SELECT changes() AS changes, CAST(last_insert_rowid() AS TEXT) AS rowid", values: [] };
  for (const sent of [[insert, insert], [{ text: "SELECT b FROM t ORDER BY a", values: [] }], [insert, count]])
    expect(await ask(pair[0], { sent, isBatch: true })).toBe(await ask(pair[1], { sent, isBatch: true }));
  own.close();
});

test.each(SEEDS)("all that histories ask: seed %i", async (seed) => {
  const exchanges: Exchange[] = [];
  await playOnD1(seed, (exchange) => exchanges.push(exchange));
  const binding = await real(`DB${seed}`);
  for (const exchange of exchanges) {
    const answer = await ask(binding, exchange);
    expect(withoutRowids(answer), exchange.sent.at(-1)?.text).toBe(withoutRowids(exchange.answer));
  }
  expect(exchanges.length).toBeGreaterThan(20);
});
