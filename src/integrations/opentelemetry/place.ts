import type { Attributes } from "./api.ts";

/** Where a pool's connections lead, by its name: `postgresql://ada@db.example:5432/shop#2`. */
export function placeOf(pool: string, system: string | undefined): Attributes {
  const [, scheme = "", host, port, path] =
    /^([\w+.-]+):(?:\/\/(?:[^/@#]*@)?(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?)?\/?([^?#]*)/.exec(pool) ?? [];
  return {
    "db.system.name": system ?? (isPostgres(scheme) ? "postgresql" : "sqlite"),
    // The pool of a database that is nobody else's is named so.
    ...(path && path !== "private" && { "db.namespace": path }),
    ...(host && { "server.address": host }),
    ...(port && { "server.port": Number(port) }),
  };
}

/** Whether a pool is of PostgreSQL connections, by its URL: a pool host has no others. */
export function isPostgres(pool: string): boolean {
  return /^(?:postgres|hosted\b)/.test(pool);
}
