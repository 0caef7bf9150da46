import { DbError } from "../../errors.ts";

/**
 * A statement refused before the database has seen it: for its syntax when there is a position, else for its values.
 *
 * @example
 * throw refusal(`value 2 (${typeof value}) cannot be bound`, statement.text);
 */
export function refusal(message: string, sql: string, position?: number): DbError {
  const found = position === undefined ? ({ kind: "parameter" } as const) : ({ kind: "syntax", position } as const);
  return new DbError("QUERY_FAILED", message, { sql, dialectCode: undefined, ...found });
}

/** What a value is: a Date or bytes may come from another realm, and are recognised by their tags, not by instanceof. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
