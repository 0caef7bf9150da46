// What travels between a page and the worker that has the database: plain data alone.

import type { DriverConnection, Flight, StepOutcome } from "../../../contract/adapter.ts";
import type { AdapterEvent } from "../../../contract/events.ts";
import type { RawResult, Statement } from "../../../contract/statement.ts";
import { DbError, type DbErrorOptions, type ErrorCode, type ErrorDetails } from "../../../errors.ts";

/** What a page asks for. Adapters, connections and streams are named by numbers that the page gives them. */
export type Ask =
  | {
      readonly op: "open";
      readonly adapter: number;
      readonly connection: number;
      readonly url: string;
      readonly folder: string;
      readonly takesOver?: boolean | undefined;
    }
  | { readonly op: "send"; readonly connection: number; readonly flight: Flight }
  | {
      readonly op: "stream";
      readonly connection: number;
      readonly stream: number;
      readonly statement: Statement;
      readonly batchSize: number;
    }
  | { readonly op: "next" | "return"; readonly connection: number; readonly stream: number }
  | { readonly op: "export" | "close"; readonly connection: number }
  // `isLost`: another tab has the database now.
  | { readonly op: "dispose"; readonly adapter: number; readonly isLost?: boolean };

/** `abort`: whoever asked for `id` has given up. `isHidden`: the page may never run again. Both have no answer. */
export type Question =
  | { readonly id: number; readonly ask: Ask }
  | { readonly abort: number }
  | { readonly isHidden: true };

/** `isAccepted` comes before the work, so that what was never begun is known by its absence. */
export type Answer = { readonly id: number } & (
  | { readonly isAccepted: true }
  | { readonly value: unknown; readonly connection: ConnectionState | undefined }
  | { readonly error: PlainError; readonly connection: ConnectionState | undefined }
);

/** What happened to a database by itself. Its errors are plain. */
export interface Notice {
  readonly adapter: number;
  readonly event: AdapterEvent;
}

/** The name of a lock that the worker holds for as long as it lives. */
export interface Alive {
  readonly alive: string;
}

/** As of an answer. */
export type ConnectionState = Pick<DriverConnection, "state" | "isReusable">;

export type PlainOutcome =
  | { readonly status: "done"; readonly result: RawResult }
  | { readonly status: "failed"; readonly error: PlainError }
  | { readonly status: "skipped" };

export interface PlainError {
  readonly code: string | undefined;
  readonly message: string;
  readonly details: unknown;
  readonly options: Pick<DbErrorOptions, "retryable" | "outcome">;
  readonly cause: string | undefined;
}

export function toPlain(error: unknown): PlainError {
  const { code, message, details, retryable, outcome, cause } = error as Partial<DbError>;
  const isOurs = error instanceof DbError;
  return {
    code: isOurs ? code : undefined,
    message: isOurs ? message!.slice(code!.length + 2) : String(message ?? error),
    details: isOurs ? details : undefined,
    options: isOurs ? { retryable, outcome } : {},
    cause: cause === undefined ? undefined : cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
  };
}

export function toError({ code, message, details, options, cause }: PlainError): Error {
  const more = cause === undefined ? {} : { cause: new Error(cause) };
  if (code === undefined) return new Error(message, more);
  return new DbError(code as ErrorCode, message, details as ErrorDetails[ErrorCode], { ...options, ...more });
}

export function toPlainEvent(event: AdapterEvent): AdapterEvent {
  return event.type === "storage" && event.cause !== undefined ? { ...event, cause: String(event.cause) } : event;
}

export function toPlainOutcome(outcome: StepOutcome): PlainOutcome {
  return outcome.status === "failed" ? { status: "failed", error: toPlain(outcome.error) } : outcome;
}

export function toOutcome(outcome: PlainOutcome): StepOutcome {
  return outcome.status === "failed" ? { status: "failed", error: toError(outcome.error) } : outcome;
}
