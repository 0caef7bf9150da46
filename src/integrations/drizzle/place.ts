import type { Database, Dialect, Session } from "../../index.ts";

/** What Drizzle runs on. A database: its current session, or a session for each statement. A session: that one. */
export type Client = Database | Session;

/** Where a client's statement runs now. */
export function placeOf(client: Client): Client {
  if (!("scope" in client)) return client;
  // In the work of a nested transaction, the outer `tx` is in it too, as with Drizzle's own drivers. As a statement of the
  // outer session it would wait for that work, which waits for it.
  const current = databaseOf(client).current();
  return current && !current.scope.over && client.scope.holds(current.scope) ? current : client;
}

export function databaseOf(client: Client): Database {
  return "scope" in client ? (client.unit.host as unknown as Database) : client;
}

/**
 * The dialect that Drizzle has to write.
 *
 * @throws TypeError when it is not known, or is not the database's.
 */
export function dialectOf(client: Client, wanted: Dialect | undefined): Dialect {
  if (typeof (client as Partial<Client> | undefined)?.raw !== "function")
    throw new TypeError(`Expected a Database or Session, got \`${typeof client}\``);
  const known = databaseOf(client).dialect;
  const dialect = wanted ?? known;
  if (dialect !== "sqlite" && dialect !== "postgres")
    throw new TypeError(
      `Expected \`dialect\` to be "sqlite" or "postgres", got \`${dialect}\`: name it, or await ready()`,
    );
  if (known && known !== dialect)
    throw new TypeError(`Expected \`dialect\` to be the database's own, "${known}", got \`${dialect}\``);
  return dialect;
}
