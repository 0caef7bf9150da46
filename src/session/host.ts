import type { MaybePromise } from "../contract/adapter.ts";
import type { ContextProvider } from "../contract/context.ts";
import type { PoolEvent, SessionEvent } from "../contract/events.ts";
import type { Clock } from "../contract/runtime.ts";
import type { Source } from "./source.ts";

/** What a session needs of the database that it belongs to. */
export interface Host {
  /** The Database itself: what frames are found by. */
  readonly database: object;
  /** Number of the database, unique in its isolate. */
  readonly number: number;
  readonly clock: Clock;
  readonly context: ContextProvider;
  /** Whether a connection that turns out to have died while idle is replaced unseen. */
  readonly checksConnections: boolean;
  /** How long a nested transaction waits for its turn, in milliseconds. */
  readonly turnTimeoutMs: number;
  /** The URL as of now. */
  url(): MaybePromise<string>;
  source(): MaybePromise<Source>;
  readonly emit: ((event: PoolEvent | SessionEvent) => void) | undefined;
}
