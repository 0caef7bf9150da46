import type { Database } from "../../index.ts";

/** @throws TypeError for what is no Database: a function that was not called, a promise that was not awaited. */
export function checkDatabase(db: Database): void {
  if (typeof db?.session !== "function")
    throw new TypeError(`Expected a database of createDatabase(), got \`${db === null ? "null" : typeof db}\``);
}
