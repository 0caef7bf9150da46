import { expect, test } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { openShop } from "./shop.ts";

const keyOf = (url: string): string | undefined => libsql().create({ url, folder: "" }).key;

test.each([
  ["libsql://shop.turso.io", "https://shop.turso.io/"],
  ["LIBSQL://Shop.turso.io?authToken=s3cret", "https://shop.turso.io/"],
  ["libsql://localhost:8080?tls=0", "http://localhost:8080/"],
  ["libsql://localhost:8080/dev/shop?tls=1", "https://localhost:8080/dev/shop/"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"],
  ["https://shop.turso.io/path/", "https://shop.turso.io/path/"],
])("%s is %s", (url, key) => {
  expect(keyOf(url)).toBe(key);
});

test.each([
  "libsql:",
  "http://",
  "libsql://user:s3cret@shop",
  "libsql://shop?token=s3cret",
  "libsql://shop?tls=s3cret",
  "https://shop?tls=0",
  "http://shop?tls=1",
])("%s is refused, and no secret of it is shown", (url) => {
  const create = (): unknown => keyOf(url);
  expect(create).toThrow(TypeError);
  expect(create).not.toThrow(/s3cret/);
});

test("a stream that the server moves is followed, and new ones begin at home", async () => {
  const elsewhere = await openShop();
  const { db, server, names, sent } = await openShop({ server: {} });
  // The same server under another name.
  const baseUrl = server.url.replace("127.0.0.1", "localhost");
  await server.fail({ action: "base-url", baseUrl });
  await db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (1, 'tea')");
    const connection = await session.getConnection();
    expect(connection.raw).toMatchObject({ baseUrl: `${baseUrl}/` });
    await session.query("INSERT INTO goods VALUES (2, 'salt')");
  });
  expect(await sent()).toHaveLength(3);
  expect(await names()).toEqual(["tea", "salt"]);
  expect(await elsewhere.sent()).toEqual([]);
});

test("a server that asks to go on without TLS is not followed, and what it did is not done again", async () => {
  const { server, names } = await openShop();
  let isAsking = false;
  const behindTls = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url.replace("https://shop.example", server.url), init);
    if (!isAsking) return response;
    const answer = (await response.json()) as object;
    return Response.json({ ...answer, base_url: "http://shop.example" });
  };
  const db = createDatabase("https://shop.example", { adapters: [libsql({ fetch: behindTls })] });
  await db.autocommit.query("SELECT 1");
  isAsking = true;
  const insert = db.autocommit.query("INSERT INTO goods (name) VALUES ('tea')");
  await expect(insert).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  await db.dispose();
  expect(await names()).toEqual(["tea"]);
});
