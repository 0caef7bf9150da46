// The real drivers fit the shapes that src declares, by their own types, and what does not fit is refused.

import pg, { Client, Pool } from "pg";
import postgresJs from "postgres";
import { expectTypeOf, test } from "vitest";
import { postgres } from "../../src/adapters/pg/index.ts";
import type { AdapterFactory } from "../../src/index.ts";

test("the drivers' own exports", () => {
  expectTypeOf(postgres({ Client })).toEqualTypeOf<AdapterFactory>();
  // oxlint-disable-next-line import/no-named-as-default-member -- as many write it
  expectTypeOf(postgres({ Client: pg.Client })).toEqualTypeOf<AdapterFactory>();
  expectTypeOf(postgres({ postgres: postgresJs })).toEqualTypeOf<AdapterFactory>();
});

test("options of both", () => {
  const options = {
    ssl: { ca: "…" },
    pooled: true,
    parsers: { 1700: Number },
    idleInTransactionMs: 0,
    answerTimeoutMs: 1,
  };
  expectTypeOf(postgres).toBeCallableWith({ Client, ...options });
  expectTypeOf(postgres).toBeCallableWith({ postgres: postgresJs, ...options });
});

test("something else is refused", () => {
  // @ts-expect-error a driver is needed
  postgres({});
  // @ts-expect-error one of the two
  postgres({ Client, postgres: postgresJs });
  // @ts-expect-error the class is handed in, not an object of it
  postgres({ Client: new Client() });
  // @ts-expect-error the pool is isopool's
  postgres({ Pool });
});
