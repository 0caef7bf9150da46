import type { Statement } from "../../contract/statement.ts";
import type { Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";
import { FAIL_ON_BROKEN_KEY, FAIL_WITHOUT_KEYS } from "../sqlite/foreign-keys.ts";
import { transactionLost } from "../shared/failures.ts";
import { readOnly } from "./errors.ts";
import { mayOnlyRead, textOf } from "./texts.ts";
import {
  DONE,
  type Position,
  type PlacedStep,
  read,
  SKIPPED,
  statusOf,
  type StreamState,
  toOutcome,
  toState,
} from "./told.ts";
import { toWire } from "./values.ts";
import type { WireCondition, WireRequest, WireResponse, WireStep } from "./wire.ts";

export const NOT_AUTOCOMMIT: WireCondition = { type: "not", cond: { type: "is_autocommit" } };
const NEVER: WireStep = { stmt: { sql: "SELECT 1" }, condition: { type: "or", conds: [] } };

/** A request in which a statement is parsed and never run: `describe` is answered by another parser, which says less. */
export function parseOnly({ text: sql }: Statement): WireRequest {
  return { type: "batch", batch: { steps: [{ ...NEVER, stmt: { sql } }] } };
}

/** What a flight finds, and what it leaves. */
export interface Ground {
  readonly state: StreamState;
  readonly isReadOnly: boolean;
  /** What foreign keys were before the transaction turned them off; `undefined`: it did not. */
  readonly keys?: "on" | "off" | undefined;
}

/**
 * A flight as one pipeline: batches whose conditions make steps stop, skip and undo at the server.
 *
 * With version 2 of the protocol, nothing tells whether a transaction is still there: after any failure in it only a
 * rollback is let through, for a database that had ended it would run on in autocommit.
 */
export class Plan {
  readonly #version: 2 | 3;
  readonly #refused: ReadonlyMap<Step, DbError>;
  readonly #groups: WireStep[][] = [];
  readonly #placed: PlacedStep[] = [];
  readonly #undone: PlacedStep[] = [];
  #isOpen: boolean;
  #isFailed: boolean;
  #isReadOnly: boolean;
  /** Foreign keys are off, and what they were before: what was told, or where that is asked. */
  #keys: Ground["keys"] | Position;
  #restored: Position | undefined;
  /** Place of the last step in the group that stops the flight when it fails. */
  #stopper = -1;

  /** @param refused - steps that are known to fail, and how. */
  constructor(
    { steps, undo = [] }: Flight,
    { state, isReadOnly, keys }: Ground,
    version: 2 | 3,
    refused: ReadonlyMap<Step, DbError>,
  ) {
    this.#version = version;
    this.#refused = refused;
    this.#isOpen = state !== "idle";
    this.#isFailed = state === "failed";
    this.#isReadOnly = isReadOnly;
    this.#keys = keys;
    const apart = findApart(steps, version);
    steps.forEach((step, index) => {
      if (index >= apart || index === 0) this.#startGroup();
      this.#placed.push(this.#place(step, steps.slice(index + 1)));
    });
    const stopped: WireCondition = { type: "not", cond: { type: "ok", step: this.#stopper } };
    for (const step of this.#stopper < 0 ? [] : undo)
      this.#undone.push(
        this.#add(step, textOf(step), [stopped, ...(needsTransaction(step) && version > 2 ? [NOT_AUTOCOMMIT] : [])]),
      );
    this.#restoreKeys();
  }

  /** Whether the transaction that it leaves, if any, may only read. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** Empty when all is known without asking. */
  get requests(): WireRequest[] {
    const requests: WireRequest[] = this.#groups
      .filter((steps) => steps.length > 0)
      .map((steps) => ({ type: "batch", batch: { steps } }));
    return requests.length > 0 && this.#version > 2 ? [...requests, { type: "get_autocommit" }] : requests;
  }

  /** The queries in a batch of several steps, of which no step is told what became of it when the batch fails as a whole. */
  queriesOf(group: number): QueryStep[] {
    if ((this.#groups[group]?.length ?? 0) < 2) return [];
    return this.#placed.flatMap(({ step, known, ...placed }) =>
      step.kind === "query" && !known && placed.group === group ? step : [],
    );
  }

  outcomes(responses: readonly WireResponse[]): StepOutcome[] {
    let isStopped = false;
    return this.#placed.map((placed) => {
      const outcome = isStopped ? SKIPPED : toOutcome(placed, responses);
      if (outcome.status === "failed") isStopped = placed.step.kind !== "query" || placed.step.onError === "stop";
      return outcome;
    });
  }

  /** Version 2: the state that can be told from what became of each step. */
  stateAfter(responses: readonly WireResponse[], { state }: Ground): Ground["state"] {
    const all = [...this.#placed, ...this.#undone];
    return all.reduce((before, placed) => toState(before, placed.step.kind, statusOf(placed, responses)), state);
  }

  /** What is to be done about foreign keys when the transaction ends; `lost`: it has ended, and they may still be off. */
  keysAfter(responses: readonly WireResponse[], state: StreamState): Ground["keys"] | "lost" {
    const keys = this.#keysBefore(responses);
    if (state !== "idle" || keys !== "on") return state === "idle" ? undefined : keys;
    return this.#restored && read(this.#restored, responses).result ? undefined : "lost";
  }

  #keysBefore(responses: readonly WireResponse[]): Ground["keys"] {
    if (typeof this.#keys !== "object") return this.#keys;
    const { result, error } = read(this.#keys, responses);
    return result ? "on" : error ? "off" : undefined;
  }

  hasCommitted(responses: readonly WireResponse[]): boolean {
    return this.#placed.some((placed) => placed.step.kind === "commit" && statusOf(placed, responses) === "done");
  }

  #startGroup(): void {
    if (this.#groups.at(-1)?.length !== 0) this.#groups.push([]);
    this.#stopper = -1;
  }

  #place(step: Step, following: readonly Step[]): PlacedStep {
    const known = this.#look(step);
    if (known && known.status !== "failed") return { step, group: -1, at: -1, known };
    const conditions: WireCondition[] = this.#stopper < 0 ? [] : [{ type: "ok", step: this.#stopper }];
    if (needsTransaction(step) && this.#version > 2) conditions.push(NOT_AUTOCOMMIT);
    let check: number | undefined;
    if (step.kind === "begin" && step.options.foreignKeys && !known) conditions.push(this.#turnKeysOff(conditions));
    if (step.kind === "commit" && this.#keys) {
      check = this.#push(FAIL_ON_BROKEN_KEY, conditions);
      conditions.push({ type: "ok", step: check });
    }
    const placed = known
      ? this.#addStep(step, NEVER, known)
      : { ...this.#add(step, textOf(step, following), conditions), check };
    if (step.kind !== "query" || step.onError === "stop" || (this.#version < 3 && step.guarded))
      this.#stopper = placed.at;
    this.#foresee(step);
    return placed;
  }

  /** What is known of a step without asking. */
  #look(step: Step): StepOutcome | undefined {
    const { kind } = step;
    const refused = this.#refused.get(step);
    if (refused) return { status: "failed", error: refused };
    if (kind === "begin" && step.options.foreignKeys && this.#version < 3) return { status: "failed", error: tooOld() };
    const isOpen = this.#isOpen && (!this.#isFailed || kind.startsWith("rollback"));
    if (kind === "query") {
      const { text } = step.statement;
      if (!isOpen && (step.guarded || this.#isFailed)) return SKIPPED;
      return isOpen && this.#isReadOnly && !mayOnlyRead(text) ? { status: "failed", error: readOnly(text) } : undefined;
    }
    if (isOpen || kind === "begin") return undefined;
    return kind === "rollback" ? DONE : { status: "failed", error: transactionLost(kind) };
  }

  #foresee(step: Step): void {
    if (step.kind === "begin") {
      this.#isOpen = true;
      this.#isReadOnly = step.options.accessMode === "read only";
      // Until the next one: a COMMIT behind a statement that is refused is skipped, and the transaction goes on.
    } else if (step.kind === "commit" || step.kind === "rollback") this.#isOpen = false;
    if (step.kind.startsWith("rollback")) this.#isFailed = false;
  }

  /** Turns foreign keys off ahead of a BEGIN: inside of a transaction, that would do nothing. */
  #turnKeysOff(conditions: readonly WireCondition[]): WireCondition {
    this.#keys = { group: this.#groups.length - 1, at: this.#push(FAIL_WITHOUT_KEYS, conditions) };
    return { type: "ok", step: this.#push("PRAGMA foreign_keys=OFF", conditions) };
  }

  // Whatever has ended the transaction. Conditions reach no further than their batch: where the keys are turned off in this
  // flight, all that can end the transaction is in that one, or the stream is given up.
  #restoreKeys(): void {
    const keys = this.#keys;
    if (!keys || keys === "off") return;
    const asked = typeof keys === "object" ? keys : undefined;
    const group = asked?.group ?? this.#groups.length - 1;
    if (!asked && !this.#groups[group]?.length) return;
    const conditions: WireCondition[] = [{ type: "is_autocommit" }];
    if (asked) conditions.push({ type: "ok", step: asked.at });
    this.#restored = { group, at: this.#push("PRAGMA foreign_keys=ON", conditions, group) };
  }

  #push(sql: string, conditions: readonly WireCondition[], group = this.#groups.length - 1): number {
    return this.#groups[group]!.push(toStep({ sql }, conditions)) - 1;
  }

  #add(step: Step, sql: string | undefined, conditions: readonly WireCondition[]): PlacedStep {
    const stmt = step.kind === "query" ? toWire(step.statement) : { sql: sql! };
    return this.#addStep(step, toStep(stmt, conditions), undefined);
  }

  #addStep(step: Step, wire: WireStep, known: StepOutcome | undefined): PlacedStep {
    const group = this.#groups.length - 1;
    return { step, group, at: this.#groups[group]!.push(wire) - 1, known };
  }
}

function toStep(stmt: WireStep["stmt"], conds: readonly WireCondition[]): WireStep {
  const condition = conds.length > 1 ? ({ type: "and", conds: [...conds] } as const) : conds[0];
  return condition ? { stmt, condition } : { stmt };
}

function tooOld(): DbError {
  const wanted = '`foreignKeys: "off"`: this server is from before version 3 of the protocol';
  return new DbError("TRANSACTION_UNSUPPORTED", `libsql has no ${wanted}`, { adapter: "libsql", wanted });
}

/**
 * Where the queries begin that each travel in a batch of its own, for one that cannot be parsed takes its whole batch
 * with it: possible where no later step depends on an earlier one in more than being in a transaction.
 */
function findApart(steps: readonly Step[], version: 2 | 3): number {
  const first = steps.findIndex((step) => step.kind === "query" && step.onError === "continue");
  const isAfterBegin = first > 0 && steps[first - 1]!.kind === "begin";
  const isApart = (step: Step): boolean =>
    step.kind === "query" && step.onError === "continue" && (step.guarded ? version > 2 : !isAfterBegin);
  return (first === 0 || isAfterBegin) && steps.slice(first).every(isApart) ? first : steps.length;
}

function needsTransaction(step: Step): boolean {
  return step.kind === "query" ? step.guarded : step.kind !== "begin";
}
