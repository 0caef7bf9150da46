import type { Adapter, DriverConnection, QueryStep } from "../contract/adapter.ts";
import type { ContextProvider, Frame } from "../contract/context.ts";
import type { Statement } from "../contract/statement.ts";
import type { Pool } from "../pool/runtime.ts";

/** Where a session begins. */
export interface Beginning {
  readonly host: { readonly context: ContextProvider };
  readonly outside: Frame | undefined;
}

/** Where a connection comes from. */
export interface Origin {
  readonly adapter: Adapter;
  readonly pool: Pool<Link>;
  /** Flights sent so far. */
  flights: number;
  /** Where a session that begins here finds its connections instead, if not here: set by `isopool/testing`. */
  redirect?: ((beginning: Beginning) => Origin | undefined) | undefined;
}

/** One physical connection as sessions see it. */
export interface Link {
  readonly origin: Origin;
  readonly driver: DriverConnection;
  /** What still has to ride ahead of its next flight: it costs no round trip, and its failure fails the connection. */
  readonly setup: QueryStep[];
  /** The connection hooks have run on it. */
  isPrepared: boolean;
  /** When something was last sent on it, or is to be answered at the latest; 0 where no holder can be cut off. */
  usedAt: number;
  /** A session has it that does not own it. */
  isBound: boolean;
  /** Called when its setup has been carried out, or can no longer be. */
  onSetUp: ((isDone: boolean) => void) | undefined;
}

export function toSetup(statements: readonly Statement[]): QueryStep[] {
  return statements.map((statement) => ({ kind: "query", statement, onError: "stop", guarded: false, isSetup: true }));
}
