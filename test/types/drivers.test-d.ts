// What users hand in fits the shapes that src declares: the real classes, by their own types.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client";
import { createClient as createHttp } from "@libsql/client/http";
import { createClient as createWeb } from "@libsql/client/web";
import initSqlJs, { type SqlJsStatic } from "sql.js";
import type { Plugin } from "vite";
import type { Plugin as Plugin7 } from "vite-7";
import { expectTypeOf, test } from "vitest";
import { libsqlClient } from "../../src/adapters/libsql/client-entry.ts";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { isopool } from "../../src/carrier/vite.ts";
import { asyncLocal, type ContextProvider } from "../../src/index.ts";

test("sql.js, once loaded or as a function that loads it", () => {
  expectTypeOf(sqlJs).toBeCallableWith({ sqlJs: {} as SqlJsStatic });
  expectTypeOf(sqlJs).toBeCallableWith({ sqlJs: () => initSqlJs() });
});

test("@libsql/client in each of its builds, and the platform's fetch", () => {
  for (const create of [createClient, createHttp, createWeb])
    expectTypeOf(libsqlClient).toBeCallableWith({ createClient: create });
  expectTypeOf(libsql).toBeCallableWith({ fetch, authToken: async () => "token" });
  expectTypeOf(libsql).toBeCallableWith({ fetch: (url: string, init: RequestInit) => fetch(new Request(url, init)) });
});

test("Vite takes the plugin for one of its own", () => {
  expectTypeOf(isopool()).toExtend<Plugin>();
  expectTypeOf(isopool()).toExtend<Plugin7>();
});

test("Node's AsyncLocalStorage", () => {
  expectTypeOf(asyncLocal(AsyncLocalStorage)).toEqualTypeOf<ContextProvider>();
});

test("a driver that is something else is refused", () => {
  // @ts-expect-error initSqlJs() is a promise: await it, or hand in a function
  sqlJs({ sqlJs: initSqlJs() });
  // @ts-expect-error the class is handed in, not an object of it
  asyncLocal(new AsyncLocalStorage());
});
