import { Client } from "pg";
import postgres from "postgres";
import type { PostgresOptions } from "../../../src/adapters/pg/index.ts";

/** The drivers that users hand in. */
export const drivers = { pg: { Client }, "postgres.js": { postgres } } as const satisfies Record<
  string,
  PostgresOptions
>;

export type DriverName = keyof typeof drivers;
