import type { BeginOptions } from "../contract/adapter.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import { DEADLINE_OPTIONS, type DeadlineOptions } from "./deadline.ts";
import { BEGIN_OPTIONS } from "./nesting.ts";
import type { Propagation } from "./propagation.ts";
import type { RetryOptions } from "./retry.ts";

export interface SessionOptions extends BeginOptions, DeadlineOptions {
  /** Whether its statements form one transaction, begun with the first statement. Default true. */
  readonly transaction?: boolean | undefined;
  /**
   * How often the work is retried after it lost a race: serialization failure, deadlock, BUSY. Each attempt has its own
   * `timeoutMs`; the signal ends them all. Nothing is retried once a part of it was committed. Default 0.
   */
  readonly retry?: number | RetryOptions | undefined;
  /**
   * `false`: takes what the nearest replica has, though this database has seen newer, its own writes included. libSQL only;
   * default true.
   */
  readonly fresh?: boolean | undefined;
  /** Called with the promise of the whole session, which never rejects: keeps a Worker's request alive until the session has ended. */
  readonly waitUntil?: WaitUntil | undefined;
  /** Names it in events and in reports of leaks. */
  readonly name?: string | undefined;
}

export const SESSION_OPTIONS: readonly string[] = [
  ...BEGIN_OPTIONS,
  ...DEADLINE_OPTIONS,
  ...(["transaction", "retry", "fresh", "waitUntil", "name"] satisfies (keyof SessionOptions)[]),
];

export interface TransactionOptions extends SessionOptions {
  /** What happens if a transaction is already active. Default `required`. */
  readonly propagation?: Propagation | undefined;
}

export const TRANSACTION_OPTIONS: readonly string[] = [...SESSION_OPTIONS, "propagation"];
