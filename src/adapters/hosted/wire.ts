// What travels between a Worker and its pool host: plain data. Functions would arrive as stubs, and instances of classes not at all.

import type { BeginOptions, DriverConnection, Flight, Settings, Step, StreamOptions } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { bind } from "../postgres/values.ts";
import type { WireError } from "./wire-error.ts";

/** A statement with its values as the texts that PostgreSQL reads. */
export interface WireStatement {
  readonly text: string;
  readonly params: readonly (string | null)[];
  /** OIDs of types whose values the Worker reads: they come as PostgreSQL wrote them. */
  readonly asText?: readonly number[];
}

export type WireStep =
  | Exclude<Step, { readonly kind: "query" }>
  | {
      readonly kind: "query";
      readonly statement: WireStatement;
      readonly guarded: boolean;
      readonly onError: "stop" | "continue";
    };

export interface WireFlight {
  readonly steps: readonly WireStep[];
  readonly undo?: readonly WireStep[];
  readonly settings?: Settings;
}

export type WireStreamOptions = Omit<StreamOptions, "signal">;

export type WireOutcome =
  | { readonly status: "done"; readonly result: Omit<RawResult, "rows"> & { readonly rows: unknown[][] } }
  | { readonly status: "failed"; readonly error: WireError }
  | { readonly status: "skipped" };

export interface Reply {
  readonly state: DriverConnection["state"];
  /** The session keeps its connection: something of it is there. */
  readonly isHeld: boolean;
  /** One per step; of a stream, one for its next batch, and none at its end. */
  readonly outcomes: WireOutcome[];
  /** The flight as a whole failed. */
  readonly failure?: WireError;
  /** How often `rest()` is to be called for what one message cannot hold. */
  readonly pieces: number;
}

/** More of the result with this place: rows, or the next part of a value of its last row. */
export type Piece = { readonly at: number } & (
  | { readonly rows: unknown[][] }
  | { readonly column: number; readonly part: string | Uint8Array }
);

/** A seat in a pool host: what a session has of it. */
export interface SeatStub {
  fly(flight: WireFlight): Promise<Reply>;
  open(id: number, statement: WireStatement, options: WireStreamOptions): Promise<Reply>;
  next(id: number): Promise<Reply>;
  leave(id: number): Promise<Reply>;
  rest(): Promise<Piece>;
  /** Ends what runs, and the session with it. */
  cancel(): Promise<void>;
}

/** @throws DbError `QUERY_FAILED`: the values cannot be bound. */
export function toWireFlight({ steps, undo = [], settings }: Flight): WireFlight {
  return {
    steps: steps.map(toWireStep),
    ...(undo.length > 0 && { undo: undo.map(toWireStep) }),
    ...(settings && { settings: { ...settings } }),
  };
}

export function toWireStatement(statement: Statement): WireStatement {
  const { text, values } = bind(statement);
  const asText = Object.keys(statement.parsers ?? {}).map(Number);
  return { text, params: values, ...(asText.length > 0 && { asText }) };
}

function toWireStep(step: Step): WireStep {
  if (step.kind === "begin") return { kind: "begin", options: toWireBegin(step.options) };
  if (step.kind !== "query") return step;
  const { statement, guarded, onError, isSetup } = step;
  if (isSetup) throw refuseSetup();
  return { kind: "query", statement: toWireStatement(statement), guarded, onError };
}

// A session hands over all of its own options, and a signal is not data.
function toWireBegin({ isolationLevel, accessMode, settings }: BeginOptions): BeginOptions {
  return { isolationLevel, accessMode, settings: settings && { ...settings } };
}

export function refuseSetup(): TypeError {
  return new TypeError(
    "Expected `setup` and connection hooks in the options of the pool host, which has the connections, not of a `hosted:` database",
  );
}

/** Whether something of it stays, though no answer comes: a COMMIT, or a statement outside of a transaction. */
export function isKept({ steps }: WireFlight): boolean {
  return steps.some((step) => step.kind === "commit" || (step.kind === "query" && !step.guarded));
}
