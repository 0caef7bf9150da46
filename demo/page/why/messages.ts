// What the page and the worker of one side tell each other.

import type { Counts } from "./play.ts";
import type { RoundTrip } from "./server.ts";

export const USUAL = {
  client: { title: "One shared client", file: "usual/shared-client.ts" },
  pool: { title: "A pool by hand", file: "usual/own-pool.ts" },
} as const;

export type Side = keyof typeof USUAL | "isopool";

export type Fault = "kill" | "lose-commit" | "leave" | "restart";

export interface Setting {
  readonly sessions: number;
  readonly max: number;
  readonly latencyMs: number;
}

/** Plays a round. */
export interface ToSide {
  readonly side: Side;
  readonly setting: Setting;
  readonly faults: readonly Fault[];
}

export type FromSide =
  | { readonly type: "counts"; readonly counts: Counts; readonly isOver: boolean }
  | { readonly type: "alone"; readonly roundTrips: readonly RoundTrip[]; readonly from: number }
  | { readonly type: "problem"; readonly message: string };
