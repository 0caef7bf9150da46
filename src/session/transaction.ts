import type { DriverConnection } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Scope } from "./scope.ts";
import { apply, type ControlStep, type Move, steer } from "./stacks.ts";

/** Why nothing more may run in a level. */
interface Damage {
  readonly level: Scope;
  readonly cause: unknown;
  /** Not even by a savepoint inside it: taking back one of those has failed. */
  readonly isFinal?: boolean;
}

/** Who is told that the database has ended a transaction: nothing of it is kept. */
interface Teller {
  emit(type: "rollback"): void;
}

const NONE: readonly never[] = [];

/** What the server has begun on a session's connection, and what that means for the next statement. */
export class Transaction {
  /** The transaction and its savepoints, outermost first; none: nothing is open. */
  has: readonly Scope[] = NONE;
  /** The database ended this transaction behind our back. */
  #lost: Damage | undefined;
  readonly #teller: Teller;
  /** What is said of a COMMIT whose answer was lost, while note is taken of that: what was done may be kept. */
  declare unknown: DbError | undefined;
  /** A statement failed inside this level, where the database then takes nothing but a rollback (PostgreSQL). */
  #spoiled: Damage | undefined;

  constructor(teller: Teller) {
    this.#teller = teller;
  }

  get isOpen(): boolean {
    return this.has.length > 0;
  }

  /** Whether what is open is a scope's own transaction, or that of what is around it. */
  holds({ outermost }: Scope): boolean {
    return outermost ? this.has[0] === outermost : this.isOpen;
  }

  /** Whether the server is inside a scope's own level, at any depth. */
  isWithin({ level }: Scope): boolean {
    return this.has.includes(level!);
  }

  /** Whether a statement of a scope may leave now, and need not wait for a transaction that it is not inside of. */
  lets(scope: Scope): boolean {
    return !this.isOpen || this.ahead(scope) !== undefined;
  }

  /** The moves ahead of a statement of a scope; `undefined`: it must wait. */
  ahead(scope: Scope): readonly Move<Scope>[] | undefined {
    // Nearly always it has just that: what is around a level never changes.
    return this.has.at(-1) === scope.level ? NONE : steer(this.has, scope.path);
  }

  /** Takes note of a move that the server has made. */
  move(move: Move<Scope>): void {
    this.has = apply(this.has, move);
    if (move.kind === "rollback") this.end();
  }

  /** A savepoint could not be taken back or released: what is in it can only go with the whole transaction. */
  doom(cause: unknown): void {
    const [level] = this.has;
    if (level) this.#spoiled = { level, cause, isFinal: true };
  }

  /** Compares with what the driver says, after a flight. */
  land(state: DriverConnection["state"], cause: unknown): void {
    const { has } = this;
    if (has.length === 0) return;
    if (state === "idle" || state === "closed") {
      this.end();
      const { unknown } = this;
      this.#lost = { level: has[0]!, cause: unknown ?? cause };
      if (!unknown) this.#teller.emit("rollback");
    } else if (state === "failed") this.#spoiled ??= { level: has.at(-1)!, cause };
    else if (!this.#spoiled?.isFinal) this.#spoiled = undefined;
  }

  /** Nothing is open: the next statement begins a new transaction. */
  end(): void {
    this.has = NONE;
    this.#lost = this.#spoiled = undefined;
  }

  /** The database has ended the transaction that a scope is in. */
  isLost({ outermost }: Scope): boolean {
    return outermost !== undefined && this.#lost?.level === outermost;
  }

  /** Why no statement of a scope may be sent now, if so: a transaction that is failed or lost never runs on in autocommit. */
  refusal(scope: Scope, sql?: string): DbError | undefined {
    if (this.isLost(scope)) {
      const { cause } = this.#lost!;
      // Who has swallowed that must not hear that all is gone.
      return isDbError(cause, "COMMIT_UNKNOWN") ? cause : lostError(sql, cause);
    }
    const spoiled = this.#spoiled;
    if (!spoiled || this.has[0] !== scope.outermost) return undefined;
    // Taken back, it is whole again.
    return spoiled.level.isUndone && !spoiled.isFinal ? undefined : spoiledError(spoiled.cause);
  }
}

function lostError(sql: string | undefined, cause: unknown): DbError {
  const message = "the database ended this transaction: roll back, then begin again";
  return new DbError("TRANSACTION_LOST", message, { sql }, { cause, retryable: true });
}

function spoiledError(cause: unknown): DbError {
  const message = "a statement failed: only a rollback is possible now";
  return new DbError("ROLLBACK_ONLY", message, { scope: "session" }, { cause });
}

/** Writes a move for the adapter. */
export function toStep({ kind, level }: Move<Scope>): ControlStep {
  if (kind === "begin") return { kind, options: level.begin!, until: level.until };
  if (kind === "savepoint") return { kind, name: level.name, until: level.until };
  return kind === "rollback" ? { kind } : { kind, name: level.name };
}
