// What `onEvent` receives. No event holds a parameter value, a password or a token.

/** Why a connection was closed. */
export type CloseReason =
  | "idle"
  | "lifetime"
  | "uses"
  | "surplus"
  | "invalid"
  | "broken"
  | "dirty"
  | "stale"
  | "disposed"
  | "detached";

/** Who holds or wants a connection: identified in events, and followed to find deadlocks. */
export interface Owner {
  readonly id: number;
  /** Who waits until this owner is done. */
  readonly parent: Owner | undefined;
  /** Of the session, where it has one. */
  readonly name?: string | undefined;
}

export type PoolEvent =
  | { readonly type: "open"; readonly connection: number; readonly durationMs: number }
  | { readonly type: "wait"; readonly owner: Owner | undefined; readonly waiting: number }
  | {
      readonly type: "acquire";
      readonly connection: number;
      readonly owner: Owner | undefined;
      readonly waitedMs: number;
    }
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

/** A session's own events. `session` is its number, counted per isolate; `parent` the session that waits for it. */
export type SessionEvent =
  | {
      readonly type: "session";
      readonly session: number;
      readonly parent: number | undefined;
      readonly name: string | undefined;
    }
  | { readonly type: "begin"; readonly session: number }
  | { readonly type: "commit"; readonly session: number }
  | { readonly type: "rollback"; readonly session: number }
  | {
      /** A flight leaves; `flight` follows when it is over, before the session's next one. */
      readonly type: "send";
      readonly session: number;
      readonly connection: number;
      /** The texts that travel together, in order: the session's own statements and those sent along. */
      readonly statements: readonly string[];
    }
  | {
      readonly type: "flight";
      readonly session: number;
      readonly connection: number;
      /** As in `send`. */
      readonly statements: readonly string[];
      readonly durationMs: number;
      readonly isOk: boolean;
      /** The error of the flight as a whole, or of the first of its steps that failed. */
      readonly error: unknown;
    }
  | {
      readonly type: "retry";
      readonly session: number;
      /** Which attempt failed, from 1. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    }
  | {
      readonly type: "error";
      readonly session: number;
      readonly error: unknown;
      readonly during: "rollback" | "callback";
    }
  | {
      readonly type: "end";
      readonly session: number;
      readonly outcome: "done" | "failed" | "aborted";
      readonly error: unknown;
    };

/** What an adapter reports of its database by itself. */
export type AdapterEvent =
  | {
      /** Changes were committed, and are kept as the storage promises. One event may stand for several commits. */
      readonly type: "change";
      /** By this Database, and not by another one of its name or another tab. */
      readonly isOwn: boolean;
    }
  | {
      /** The database was opened. `memory`: it is gone with its page or process. */
      readonly type: "storage";
      readonly kind: StorageKind;
      /** Why it is in memory, although it was to be kept. */
      readonly cause: unknown;
    }
  | {
      /** Of several tabs that share a database, one has it open. */
      readonly type: "role";
      readonly role: TabRole;
    };

/** What a database is kept in. `image`: saved as a whole, when it is disposed. */
export type StorageKind = "opfs" | "indexeddb" | "file" | "image" | "memory";

/** `leader`: this tab has the database open, for all of them. */
export type TabRole = "leader" | "follower";

/** What is known of an adapter's database, for `stats()`. */
export interface AdapterStatus {
  /** What the database is kept in, once it was opened; `undefined` where a server keeps it. */
  readonly storage?: StorageKind | undefined;
  /** Where tabs share the database, once it is known. */
  readonly role?: TabRole | undefined;
}

/** What `onEvent` receives: every event, when it happened (milliseconds of the runtime's clock), and in which pool. */
export type DatabaseEvent = (PoolEvent | SessionEvent | AdapterEvent) & { readonly at: number; readonly pool: string };
