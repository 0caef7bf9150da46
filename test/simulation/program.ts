// What the users of a schedule do, as a tree that is drawn from its seed. Every node has a number of its own, and can be left out.

/** When something comes that nobody waits for: after some time, or microtasks after something happened. */
export type Trigger =
  | { readonly kind: "ms"; readonly ms: number }
  | { readonly kind: "event"; readonly what: string; readonly count: number; readonly hops: number };

/** How the caller takes the promise: `guard` swallows its error, `float` lets it run, `bare` without listening, `early` awaits it at the end. */
export type How = "await" | "guard" | "float" | "bare" | "early";

export interface Limits {
  readonly timeoutMs?: number;
  readonly abort?: Trigger;
}

export type Propagation = "required" | "nested" | "requires-new" | "mandatory" | "supports" | "not-supported" | "never";

export type Action = "commit" | "rollback" | null | "callback";

interface Base {
  readonly id: number;
}

export type Step = Base &
  (
    | {
        readonly kind: "query";
        readonly letter: string;
        readonly how: How;
        readonly via: "handle" | "ambient" | "outer" | "template" | "cursor";
        readonly limits: Limits;
      }
    | { readonly kind: "pair"; readonly how: How }
    | { readonly kind: "batch"; readonly letters: readonly string[]; readonly how: How; readonly limits: Limits }
    | {
        readonly kind: "transaction";
        readonly propagation: Propagation;
        readonly how: How;
        readonly via: "handle" | "ambient" | "outer";
        readonly limits: Limits;
        readonly body: readonly Step[];
        readonly lazy?: Lazy;
      }
    | { readonly kind: "session"; readonly options: SessionPlan; readonly how: How; readonly body: readonly Step[] }
    | { readonly kind: "autocommit"; readonly letters: readonly string[]; readonly how: How; readonly db: number }
    | { readonly kind: "commit"; readonly letters: readonly string[]; readonly how: How }
    | { readonly kind: "rollback"; readonly how: How }
    | {
        readonly kind: "close";
        readonly action: Action;
        readonly really: boolean;
        readonly how: How;
        readonly body: readonly Step[];
      }
    | { readonly kind: "reconnect"; readonly how: How }
    | { readonly kind: "getConnection"; readonly usePool: boolean; readonly how: How }
    | {
        readonly kind: "detach";
        readonly letters: readonly string[];
        readonly adopt: boolean;
        readonly runHooks: boolean;
      }
    | { readonly kind: "setConnection"; readonly how: How }
    | {
        readonly kind: "stream";
        readonly batchSize: number;
        readonly rows: number;
        readonly how: How;
        readonly pause: Trigger;
        readonly abort?: Trigger;
        readonly nextAfter: boolean;
      }
    | {
        readonly kind: "callback";
        readonly isCommit: boolean;
        readonly effect: "plain" | "throws" | "session" | "close" | "slow";
      }
    | { readonly kind: "throw" }
    | { readonly kind: "pause"; readonly until: Trigger }
    | { readonly kind: "closeAll"; readonly action: Action }
  );

/** Lazy queries that a work returns at its end; `beside`: it is a plain function, and its steps run beside it. */
export interface Lazy {
  readonly letters: readonly string[];
  readonly beside: boolean;
  /** Somebody else awaits the first of them, so many microtasks later, and then asks for more. */
  readonly heardAfter: number | undefined;
}

export interface SessionPlan extends Limits {
  readonly lazy?: Lazy;
  readonly db: number;
  readonly isPlain: boolean;
  readonly retries: number;
}

/** What runs beside the others. */
export type Strand = Base & { readonly startMs: number } & (
    | { readonly kind: "session"; readonly options: SessionPlan; readonly body: readonly Step[] }
    | {
        readonly kind: "by hand";
        readonly options: SessionPlan;
        readonly body: readonly Step[];
        readonly end: Extract<Step, { kind: "close" }> | undefined;
        readonly beside: Trigger | undefined;
      }
    | {
        readonly kind: "transaction";
        readonly options: SessionPlan;
        readonly propagation: Propagation;
        readonly body: readonly Step[];
      }
    | { readonly kind: "autocommit"; readonly letters: readonly string[]; readonly db: number }
    /** Lone statements of one turn: each is asked microtasks after it. */
    | {
        readonly kind: "turn";
        readonly db: number;
        readonly asked: readonly { readonly letter: string; readonly hops: number }[];
      }
    | { readonly kind: "autocommit stream"; readonly db: number; readonly rows: number }
    | { readonly kind: "dispose"; readonly db: number; readonly timeoutMs: number | undefined }
    | { readonly kind: "jump"; readonly ms: number }
    | { readonly kind: "kill idle"; readonly db: number }
  );

export interface Config {
  readonly dialect: "sqlite" | "postgres";
  readonly context: "explicit" | "ambient" | "async-local";
  /** Where the databases are: told at once, asked for, or asked for in vain for a minute. */
  readonly url: "text" | "function" | "slow function";
  /** Number of the source of each database: two of one share a pool. */
  readonly sources: readonly number[];
  readonly tellsDeath: boolean;
  readonly renews: boolean;
  readonly ownSetup: number;
  readonly userSetup: number;
  readonly faults: number;
  readonly losses: number;
  readonly now: number;
  readonly soon: number;
  readonly firstHook: HookPlan | undefined;
  readonly eachHook: HookPlan | undefined;
  readonly ownClock: boolean;
  readonly checksConnections: boolean;
  readonly pool: {
    readonly max: number;
    readonly maxIdle?: number;
    readonly acquireTimeoutMs: number;
    readonly openTimeoutMs: number;
    readonly idleMs: number;
    readonly maxLifetimeMs: number;
    readonly maxUses: number;
    readonly validateAfterMs: number;
    readonly maxWaiting: number;
    readonly leakMs: number;
  };
}

/** `queue`: puts its statements ahead of the first flight; `query`: sends them; `ambient`: through the database. */
export interface HookPlan {
  readonly way: "queue" | "query" | "ambient" | "nothing";
  readonly fails: number;
  readonly hangs: number;
  readonly slowMs: number;
}

export interface Program {
  readonly config: Config;
  readonly strands: readonly Strand[];
}

/** A request of an isolate. */
export interface Request extends Base {
  readonly kind: "request";
  readonly startMs: number;
  /** When it is cut off, after its start. */
  readonly cutMs: number | undefined;
  readonly options: SessionPlan;
  readonly body: readonly Step[];
  readonly isWrapped: boolean;
}
