import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("connection and cursor names are unique per database, and the same in every session of it", () => {
  const [{ db: one }, { db: other }] = [fakeDatabase(), fakeDatabase()];
  const names = [one, one, other]
    .map((db) => db.open())
    .map(({ connectionName, cursorName }) => [connectionName, cursorName]);
  expect(names[0]).toEqual(names[1]);
  expect(names[0]![0]).toMatch(/^isopool_connection_\d+_[a-z0-9]+$/);
  expect(names[0]![1]).toMatch(/^isopool_cursor_\d+_[a-z0-9]+$/);
  expect(new Set(names.flat()).size).toBe(4);
});

test("the isolate's part of a name stays what it is, and differs in another isolate", async () => {
  const isolate = (name: string): string => name.split("_").at(-1)!;
  const [{ db: one }, { db: other }] = [fakeDatabase(), fakeDatabase()];
  expect(isolate(one.open().connectionName)).toBe(isolate(other.open().cursorName));
  // A module loaded anew is what another isolate has.
  const anew: string = "../../src/session/names.ts?isolate=2";
  const { connectionName } = (await import(anew)) as typeof import("../../src/session/names.ts");
  expect(isolate(connectionName(one))).not.toBe(isolate(one.open().connectionName));
});
