import { ProtocolFailure, StatementFailure } from "./failures.ts";
import type { Asker } from "./pipeline.ts";
import type { Profile } from "./profile.ts";
import type { Statements } from "./statements.ts";
import type { Stream } from "./stream.ts";
import type {
  WireBatch,
  WireBatchResult,
  WireCondition,
  WireEntry,
  WireError,
  WireResult,
  WireStatement,
} from "./wire.ts";

/** What has become of a batch's steps so far; `undefined`: skipped. */
type Outcomes = (Ran[1] | undefined)[];

/** A step that ran, by its place, and what it came to. */
type Ran = readonly [step: number, outcome: WireResult | StatementFailure];

/** Runs batches: whole for a pipeline, entry by entry for a cursor. */
export class Batches {
  readonly #profile: Profile;
  readonly #statements: Statements;

  constructor(profile: Profile, statements: Statements) {
    this.#profile = profile;
    this.#statements = statements;
  }

  async run(stream: Stream, batch: WireBatch, asker: Asker): Promise<WireBatchResult> {
    const results: (WireResult | null)[] = batch.steps.map(() => null);
    const errors: (WireError | null)[] = batch.steps.map(() => null);
    for await (const [step, outcome] of this.#steps(stream, batch, asker)) {
      if (outcome instanceof StatementFailure) errors[step] = this.#toWire(outcome);
      else results[step] = outcome;
    }
    return { step_results: results, step_errors: errors };
  }

  async *entries(stream: Stream, batch: WireBatch, asker: Asker): AsyncGenerator<WireEntry, void> {
    try {
      // A cursor's entries may be as large as they like.
      for await (const [step, outcome] of this.#steps(stream, batch, asker, Infinity)) {
        if (outcome instanceof StatementFailure) yield { type: "step_error", step, error: this.#toWire(outcome) };
        else yield* this.#resultEntries(step, outcome);
      }
      yield { type: "replication_index", replication_index: null };
    } catch (error) {
      const { message, code } = error as StatementFailure;
      yield { type: "error", error: { message, code } };
    }
  }

  /** Refuses a batch that cannot be parsed before any of it runs, as sqld does. */
  check(stream: Stream, { steps }: WireBatch, { permission, version }: Asker): void {
    steps.forEach(({ stmt, condition }, index) => {
      this.#statements.checkOne(stream, stmt, permission);
      if (condition) isMet(condition, index, [], stream, version);
    });
  }

  async *#steps(stream: Stream, batch: WireBatch, asker: Asker, maxBytes?: number): AsyncGenerator<Ran, void> {
    this.check(stream, batch, asker);
    const outcomes: Outcomes = [];
    let isRobbed = stream.wasRobbed;
    for (const [index, { stmt, condition }] of batch.steps.entries()) {
      if (!isRobbed && condition && !isMet(condition, index, outcomes, stream, asker.version)) {
        outcomes.push(undefined);
        continue;
      }
      // Told on every step of one program; from then on the stream is in autocommit.
      const outcome = isRobbed
        ? new StatementFailure("Transaction timed out", "TRANSACTION_TIMEOUT")
        : await this.#attempt(stream, stmt, asker, maxBytes);
      isRobbed ||= stream.wasRobbed;
      outcomes.push(outcome);
      yield [index, outcome];
    }
    stream.wasRobbed = false;
  }

  async #attempt(
    stream: Stream,
    stmt: WireStatement,
    { permission }: Asker,
    maxBytes: number | undefined,
  ): Promise<Ran[1]> {
    try {
      return await this.#statements.run(stream, this.#statements.checkOne(stream, stmt, permission), stmt, maxBytes);
    } catch (error) {
      // Of an answer that is too large, nothing is told: not even what was done before.
      if (error instanceof StatementFailure && error.code !== "RESPONSE_TOO_LARGE") return error;
      throw error;
    }
  }

  *#resultEntries(step: number, result: WireResult): Generator<WireEntry, void> {
    const { cols, rows, affected_row_count, last_insert_rowid: rowid } = result;
    yield { type: "step_begin", step, cols };
    for (const row of rows) yield { type: "row", row };
    // A number here, and text in a pipeline.
    yield { type: "step_end", affected_row_count, last_insert_rowid: rowid === null ? null : Number(rowid) };
  }

  #toWire(failure: StatementFailure): WireError {
    return failure.toWire(this.#profile.tellsExtendedCodes);
  }
}

function isMet(condition: WireCondition, index: number, outcomes: Outcomes, stream: Stream, version: 2 | 3): boolean {
  const all = (conditions: readonly WireCondition[]): boolean[] =>
    conditions.map((inner) => isMet(inner, index, outcomes, stream, version));
  switch (condition.type) {
    case "ok":
    case "error": {
      const { step } = condition;
      if (!(step >= 0 && step < index)) throw new ProtocolFailure("Invalid reference to step in a batch condition");
      // `error` is the opposite of `ok`, also for a step that was skipped: so sqld does, though the specification differs.
      const outcome = outcomes[step];
      const isOk = outcome !== undefined && !(outcome instanceof StatementFailure);
      return condition.type === "ok" ? isOk : !isOk;
    }
    case "not":
      return !isMet(condition.cond, index, outcomes, stream, version);
    case "and":
      return all(condition.conds).every(Boolean);
    case "or":
      return all(condition.conds).some(Boolean);
    case "is_autocommit":
      if (version < 3)
        throw new ProtocolFailure("BatchCond of type `is_autocommit` is only supported in hrana3 and higher");
      return !stream.isInTransaction;
    default:
      throw new ProtocolFailure("BatchCond type not recognized");
  }
}
