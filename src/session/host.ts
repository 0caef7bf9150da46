import type { BeginOptions, Flight, MaybePromise, Settings } from "../contract/adapter.ts";
import type { ContextProvider } from "../contract/context.ts";
import type { Owner } from "../contract/events.ts";
import type { Clock, WaitUntil } from "../contract/runtime.ts";
import type { CheckedPoolOptions } from "../pool/options.ts";
import type { Link, Origin } from "./link.ts";
import type { Told } from "./listeners.ts";

/** What a session needs of the database that it belongs to; frames are found by it. */
export interface Host {
  /** Number of the database, unique in its isolate. */
  readonly number: number;
  readonly clock: Clock;
  /** Where requests can be cut off: keeps this one alive. */
  readonly waitUntil?: WaitUntil | undefined;
  readonly context: ContextProvider;
  /** How many of its sessions are open, besides those of one statement. */
  sessions: number;
  /** Whether a connection that turns out to have died while idle is replaced transparently. */
  readonly checksConnections: boolean;
  readonly stacks: boolean;
  readonly limits: CheckedPoolOptions;
  readonly emit: ((event: Told) => void) | undefined;
  /** Told of each flight as it leaves, values included: for `recordFlights()` alone, as no event may hold them. */
  readonly record?: ((flight: Flight) => void) | undefined;
  source(): MaybePromise<Origin>;
  /** What a session begins with: its own options, on top of what all have, and of the settings of the session that it is in. */
  complete<O extends BeginOptions>(options: O, outer: Settings | undefined): O;
  /** Runs the connection hooks on a connection that no session has used. The signal ends the wait, not the hooks. */
  prepare(link: Link, owner: Owner, signal: AbortSignal | undefined): Promise<void>;
}
