import type { DriverConnection, QueryStep } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import type { Source } from "./source.ts";

/** One physical connection as sessions see it. */
export interface Link {
  readonly source: Source;
  readonly driver: DriverConnection;
  /** What still has to ride ahead of its next flight: it costs no round trip, and its failure fails the connection. */
  readonly setup: QueryStep[];
  /** The connection hooks have run on it. */
  isPrepared: boolean;
  /** A session has it that does not own it. */
  isBound: boolean;
}

export function toSetup(statements: readonly Statement[]): QueryStep[] {
  return statements.map((statement) => ({ kind: "query", statement, onError: "stop", guarded: false, isSetup: true }));
}
