// What `onEvent` tells. No event holds a parameter value, a password or a token.

/** Why a connection was closed. */
export type CloseReason = "idle" | "lifetime" | "uses" | "surplus" | "invalid" | "broken" | "dirty" | "stale" | "disposed" | "detached";

/** Who holds or wants a connection: told apart in events, and followed to find deadlocks. */
export interface Owner {
  readonly id: number;
  /** Who waits until this owner is done. */
  readonly parent: Owner | undefined;
}

export type PoolEvent =
  | { readonly type: "open"; readonly connection: number; readonly durationMs: number }
  | { readonly type: "wait"; readonly owner: Owner | undefined; readonly waiting: number }
  | { readonly type: "acquire"; readonly connection: number; readonly owner: Owner | undefined; readonly waitedMs: number }
  | { readonly type: "release"; readonly connection: number; readonly owner: Owner | undefined }
  | { readonly type: "close"; readonly connection: number; readonly reason: CloseReason }
  | {
      readonly type: "leak";
      readonly connection: number;
      readonly owner: Owner | undefined;
      readonly heldMs: number;
      /** Where it was acquired; only with `stacks: true`. */
      readonly stack: string | undefined;
    }
  | { readonly type: "error"; readonly error: unknown; readonly during: "open" | "close" | "validate" };
