// Issue 11, L2: bytes of another realm are bytes, both ways, also through a client of another realm.

import { createClient } from "@libsql/client/http";
import { build } from "esbuild";
import { Script, createContext, runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { CreateClient } from "../../../src/adapters/libsql/client-entry.ts";
import type { SqlValue } from "../../../src/index.ts";
import type { EitherOptions } from "./factory.ts";
import { openShop } from "./shop.ts";

/** `createClient`, of a client that was loaded in a realm of its own, as test environments do. */
async function foreignClient(): Promise<CreateClient> {
  const { outputFiles } = await build({
    stdin: { contents: 'export { createClient } from "@libsql/client/http";', resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "client",
    platform: "browser",
    conditions: ["workerd"],
  });
  const {
    fetch,
    Request,
    Response,
    Headers,
    URL,
    TextEncoder,
    TextDecoder,
    AbortController,
    queueMicrotask,
    setTimeout,
    clearTimeout,
    console,
    atob,
    btoa,
  } = globalThis;
  const realm = createContext({
    fetch,
    Request,
    Response,
    Headers,
    URL,
    TextEncoder,
    TextDecoder,
    AbortController,
    queueMicrotask,
    setTimeout,
    clearTimeout,
    console,
    atob,
    btoa,
  });
  new Script(outputFiles[0]!.text).runInContext(realm);
  return (realm["client"] as { createClient: CreateClient }).createClient;
}

const foreignBytes = (): Uint8Array => runInNewContext("Uint8Array.of(5, 6, 255)") as Uint8Array;
const variants: [string, () => Promise<EitherOptions>][] = [
  ["fetch", async () => ({})],
  ["@libsql/client", async () => ({ createClient })],
  ["a client of another realm", async () => ({ createClient: await foreignClient() })],
  [
    "a client of another realm, made by a function of this one",
    async () => {
      const make = await foreignClient();
      return { createClient: (config) => make(config) };
    },
  ],
];

describe.each(variants)("through %s", (_, options) => {
  test.each<[string, () => Uint8Array]>([
    ["of this realm", () => Uint8Array.of(5, 6, 255)],
    ["of another realm", foreignBytes],
    ["in a Buffer", () => Buffer.from([5, 6, 255])],
    ["none", () => new Uint8Array(0)],
    ["many", () => new Uint8Array(20_000).fill(7)],
    ["that are a part of others", () => Uint8Array.of(1, 2, 3, 4).subarray(1, 3)],
  ])("bytes %s are a blob, and come back as Uint8Array", async (_name, make) => {
    const { db } = await openShop({ libsql: await options() });
    const bytes = make();
    const look = "SELECT typeof(?1) AS type, ?1 AS same, hex(?1) AS hex";
    const check = ({ type, same, hex }: Record<string, SqlValue>): void => {
      expect(type).toBe("blob");
      expect(same).toBeInstanceOf(Uint8Array);
      expect(Buffer.from(same as Uint8Array).equals(Buffer.from(bytes))).toBe(true);
      expect(hex).toBe(Buffer.from(bytes).toString("hex").toUpperCase());
    };
    check((await db.query(look, [bytes])).rows[0]!);
    check((await db.query(look.replaceAll("?1", ":b"), { b: bytes })).rows[0]!);
    await db.session(async (session) => check((await session.query(look, [bytes])).rows[0]!));
    const [, result] = await db.batch(["SELECT 1", { text: look, params: [bytes] }]);
    check(result.rows[0]!);
  });

  test("text stays text, whatever is in it", async () => {
    const { db } = await openShop({ libsql: await options() });
    for (const text of ["5,6", '"type":"text","value":"isopool-bytes-', "isopool-bytes-AAAA"]) {
      expect((await db.query("SELECT typeof(?1) AS type, ?1 AS same", [text])).rows).toEqual([
        { type: "text", same: text },
      ]);
    }
  });

  test("a Date of another realm is a date", async () => {
    const { db } = await openShop({ libsql: await options() });
    const date = runInNewContext("new Date(0)") as Date;
    expect((await db.query("SELECT ? AS d", [date])).rows).toEqual([{ d: "1970-01-01T00:00:00.000Z" }]);
  });
});
