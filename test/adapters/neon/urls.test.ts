import { expect, test } from "vitest";
import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../../src/adapters/neon/index.ts";
import { createDatabase } from "../../../src/index.ts";

const make = (url: string): unknown => createDatabase(url, { adapters: [neon({ neon: query, Client })] });

test("the key of a pool has no password", () => {
  const { key } = neon({ neon: query, Client }).create({
    url: "postgres://ada%40home:s3cret@ep-x.neon.tech/my%20shop?sslmode=require&channel_binding=require&statement_timeout=1",
    folder: "",
  });
  expect(key).toBe("postgresql://ada%40home@ep-x.neon.tech/my%20shop");
});

test.each([80, 443, 5432, 6432])("port %s is told from none", (port) => {
  const { key } = neon({ neon: query, Client }).create({ url: `postgres://ada:s3cret@host:${port}/db`, folder: "" });
  expect(key).toBe(`postgresql://ada@host:${port}/db`);
});

test.each([
  "postgres://user:s3cret@host:bad/db",
  "postgres://user:s3cret@host",
  "postgres://:s3cret@host/db",
  "postgres://user:s3cret@host/db?statment_timeout=5",
  "postgres://user:s3cret%zz@host/db",
  "postgres://user:s3cret@/db",
  "postgres://user:s3cret@host/db%00options%00-csearch_path=other",
  "postgres://user:s3cret@host/db?application_name=shop%00",
])("what cannot be used is refused at once, and shows no secret: %s", (url) => {
  expect(() => make(url)).toThrow(TypeError);
  expect(() => make(url)).toThrow(/^(?!.*s3cret)/);
});

test("wrong options are told by their values", () => {
  expect(() => neon({ neon: undefined as never, Client })).toThrow("Expected `neon` of @neondatabase/serverless");
  expect(() => neon({ neon: query, Client, transport: "tcp" as never })).toThrow("got `tcp`");
  expect(() => neon({ neon: query, Client, idleInTransactionMs: -1 })).toThrow("got `-1`");
});

test("a URL without a password needs a token, which is for HTTP", () => {
  expect(() => make("postgres://ada@host/db")).toThrow("AUTH_FAILED");
  const url = "postgres://ada@host/db";
  const { capabilities } = neon({ neon: query, Client, authToken: "t" }).create({ url, folder: "" });
  expect(capabilities.transactions).toBe("batch");
  expect(() => neon({ neon: query, Client, authToken: "t", transport: "ws" }).create({ url, folder: "" })).toThrow(
    "AUTH_FAILED",
  );
});

test("in a browser a password is refused, unless it is allowed on purpose", () => {
  const url = "postgres://ada:s3cret@host/db";
  Object.assign(globalThis, { document: {} });
  try {
    expect(() => make(url)).toThrow(/^Expected a URL without a password in a browser(?!.*s3cret)/);
    neon({ neon: query, Client, allowPasswordInBrowser: true }).create({ url, folder: "" });
    neon({ neon: query, Client, authToken: "t" }).create({ url: "postgres://ada@host/db", folder: "" });
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});
