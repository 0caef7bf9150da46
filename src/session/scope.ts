import type { BeginOptions } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";

/**
 * `root`: a session. `transaction`: one begun in a session that has none. `nested`: a savepoint. `joined`: a part with no
 * bounds of its own.
 */
export type ScopeKind = "root" | "transaction" | "nested" | "joined";

/** What became of the work done in a scope. `unknown`: the answer to its COMMIT was lost. */
export type Fate = "open" | "kept" | "undone" | "unknown";

/** Why a scope was given up, or failed. */
export interface Cause {
  readonly error: unknown;
  /** Its own `close()` failed, and has reported it. */
  readonly isClose?: boolean;
}

/**
 * A session, or one `transaction()` inside it: the one place that knows whether it is open, why it ended, and what became
 * of its work. Handles, streams, hooks and connections ask here and keep no copies.
 */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  /** Of its savepoint; `""` for all other kinds. */
  readonly name: string;
  /** How its transaction begins; `undefined`: it begins none. */
  readonly begin: BeginOptions | undefined;
  /** The scope whose transaction a statement of this one is in; `undefined`: it is in none. */
  readonly outermost: Scope | undefined;
  /** The scope whose savepoint, or else transaction, it is in: that one is what the server must have begun last. */
  readonly level: Scope | undefined;
  /** `ending`: it takes no more statements. `ended`: its fate is known, and it holds nothing. */
  stage: "open" | "ending" | "ended" = "open";
  /** The work that it was made for runs: what that returns is not known yet. */
  isWorking = false;
  fate: Fate = "open";
  /** When it was asked for, in the order of its line. */
  readonly order: number;
  /** When it is given up, itself or with what is around it, in milliseconds of its clock. */
  until: number | undefined;
  // From here on, what few scopes have: absent from the others, where it takes no room while they wait.
  /** Something was rolled back in it. */
  declare hasUndone: boolean | undefined;
  /** Why it was given up, or failed; `undefined`: it ended as its user meant it to. */
  declare cause: Cause | undefined;
  /** What failed inside and was swallowed by the caller: the scope may only be rolled back. */
  declare failure: { readonly error: unknown } | undefined;
  /** Settles with the transactions inside it, and with a `close()`, also where nobody awaits them. Never rejects. */
  declare inner: Promise<unknown> | undefined;
  /** When each transaction inside it that is under way, or waits for its turn, was asked for. */
  declare parts: Set<number> | undefined;
  /** Settles when the last of them in line is done. */
  declare turn: Promise<void> | undefined;
  /** Its last queries, which COMMIT may leave with. */
  declare ride: { readonly isAboard: boolean; readonly isDone: boolean } | undefined;
  /** Ends each of its savepoints that are still to be released or rolled back by hand. */
  declare undecided: Set<() => void> | undefined;

  /** @param how - how its transaction begins, or the name of its savepoint. */
  constructor(kind: ScopeKind, parent?: Scope, how?: BeginOptions | string, order = 0) {
    this.order = order;
    this.kind = kind;
    this.parent = parent;
    this.until = parent?.until;
    this.name = typeof how === "string" ? how : "";
    this.begin = typeof how === "object" ? how : undefined;
    this.level = how === undefined ? parent?.level : this;
    this.outermost = parent?.outermost ?? this.level;
  }

  /** A statement of it is in no transaction. */
  get isPlain(): boolean {
    return this.level === undefined;
  }

  /** What the server must have begun for a statement of this scope, outermost first: a transaction, then savepoints. */
  get path(): readonly Scope[] {
    const path: Scope[] = [];
    let level = this.level;
    while (level) {
      path.push(level);
      level = level.parent?.level;
    }
    // oxlint-disable-next-line unicorn/no-array-reverse -- a list of its own; toReversed() is not in all engines.
    return path.reverse();
  }

  /** The nearest scope that can be rolled back: where the failure of a joined one counts. */
  get bound(): Scope {
    return this.kind === "joined" ? this.parent!.bound : this;
  }

  /** The innermost scope around it that takes no more statements, itself included. */
  get over(): Scope | undefined {
    return this.stage === "open" ? this.parent?.over : this;
  }

  /** Taken back: by its own end, or with what is around it. */
  get isUndone(): boolean {
    return this.fate === "undone" || (this.parent?.isUndone ?? false);
  }

  holds(inner: Scope | undefined): boolean {
    return inner !== undefined && (inner === this || this.holds(inner.parent));
  }

  /** From now on, nothing may be asked in it. The first cause counts. */
  seal(cause?: Cause): void {
    if (this.stage === "ended") return;
    this.stage = "ending";
    if (cause) this.cause ??= cause;
    if (this.undecided) for (const end of this.undecided) end();
  }

  /** Takes note of what runs inside it: half of a transaction must not be committed. */
  hold<T>(running: Promise<T>): Promise<T> {
    const before = this.inner;
    let done!: () => void;
    this.inner = new Promise<void>((resolve) => (done = resolve)).then(() => before);
    // Waited for once only: with two who wait for it, an engine does not find the lines that await it.
    return running.finally(done);
  }
}

/** @throws DbError `PROPAGATION_REFUSED` when it cannot be settled before its user has decided on a savepoint. */
export function refuseUndecided({ undecided }: Scope): void {
  const message = "a savepoint in it is open: await its release() or rollback(), or declare it with `await using`";
  if (undecided?.size) throw new DbError("PROPAGATION_REFUSED", message, { propagation: "nested" });
}

/** @throws DbError `ROLLBACK_ONLY` when a part of it failed. */
export function refuseFailed({ failure, kind }: Scope): void {
  const message = "a joined transaction failed: only a rollback is possible now";
  if (failure) throw new DbError("ROLLBACK_ONLY", message, { scope: kind }, { cause: failure.error });
}
