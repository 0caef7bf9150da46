import type { BeginOptions, DriverConnection, Step } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";

/**
 * What the session knows of its transaction, and the steps that must ride ahead of its next statement: BEGIN, and the
 * savepoints that were entered or left since the last one. None of them ever travels alone.
 */
export class Transaction {
  /** `failed`: only a rollback is possible. `lost`: the database ended it behind our back. */
  state: "none" | "open" | "failed" | "lost" = "none";
  /** How the next one begins; `undefined`: statements belong to none. */
  wanted: BeginOptions | undefined;
  #owed: Step[] = [];
  #carried = 0;
  #cause: unknown;
  #count = 0;

  constructor(wanted: BeginOptions | undefined) {
    this.wanted = wanted;
  }

  /** What must run ahead of the next statement. A flight may be planned twice. */
  ahead(): Step[] {
    if (this.state === "none" && this.wanted === undefined) return [];
    this.#carried = this.#owed.length;
    return this.state === "none" ? [{ kind: "begin", options: this.wanted! }, ...this.#owed] : [...this.#owed];
  }

  /**
   * Enters a savepoint.
   *
   * @returns leaves it: keeps what was done since, or takes it back. Nothing was done: nothing is sent.
   */
  enter(): (isKept: boolean) => void {
    const name = `isopool_${++this.#count}`;
    const savepoint: Step = { kind: "savepoint", name };
    const owed = this.#owed;
    owed.push(savepoint);
    return (isKept) => {
      if (owed !== this.#owed) return; // That transaction has ended, and its savepoints with it.
      const at = owed.indexOf(savepoint);
      if (at !== -1) owed.length = at;
      else owed.push(...(isKept ? [] : [{ kind: "rollback-to", name } as const]), { kind: "release", name });
    };
  }

  /** Takes note of a flight that came back: `hasPassed` tells whether all steps of `ahead()` were done. */
  land(state: DriverConnection["state"], hasPassed: boolean, error: unknown): void {
    if (this.state === "none" && (this.wanted === undefined || (!hasPassed && state !== "transaction"))) return;
    if (hasPassed) this.#owed.splice(0, this.#carried);
    this.state = state === "transaction" ? "open" : state === "failed" ? "failed" : "lost";
    this.#cause = error ?? this.#cause;
  }

  /** COMMIT or ROLLBACK was done: the next statement begins anew. */
  end(): void {
    this.state = "none";
    this.#owed = [];
    this.#cause = undefined;
  }

  /** The connection is gone, and an open transaction with it. */
  lose(error: unknown): void {
    if (this.state === "none") return;
    this.state = "lost";
    this.#cause = error;
  }

  /** Why no statement may be sent now, if so: a transaction that is failed or lost never runs on in autocommit. */
  refusal(sql?: string): DbError | undefined {
    const cause = this.#cause;
    if (this.state === "lost") {
      return new DbError("TRANSACTION_LOST", "the database ended this transaction: roll back, then begin anew", { sql }, { cause, retryable: true });
    }
    if (this.state === "failed" && !this.#owed.some(({ kind }) => kind === "rollback-to")) {
      return new DbError("ROLLBACK_ONLY", "a statement failed, and only a rollback is possible now", { scope: "session" }, { cause });
    }
    return undefined;
  }
}
