// For users who name no such `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Flight, Step } from "../../contract/adapter.ts";
import type { Params } from "../../contract/statement.ts";
import type { Database } from "../../index.ts";
import { checkNames } from "../../option-names.ts";
import { disposable } from "../../dispose.ts";
import { checkDatabase } from "./check-database.ts";

/** A statement with its values. */
export interface RecordedStatement {
  readonly text: string;
  readonly params?: Params;
}

export interface RecordOptions {
  /** True: each statement is `{ text, params }`; values of a test are seldom secrets. Default: its text. */
  readonly params?: boolean | undefined;
  /** True: statements that set a new connection up are there too. Default: only what was asked for. */
  readonly setup?: boolean | undefined;
}

const OPTIONS: readonly (keyof RecordOptions)[] = ["params", "setup"];

/** The flights of a database, in order: a list of lists. Each is a round trip, and has the statements that left together. */
export interface Flights<S = string> extends ReadonlyArray<readonly S[]>, Disposable {
  /** How many there were: `length`, by its name. */
  readonly count: number;
  /** All statements, without what begins and ends transactions. */
  readonly statements: readonly S[];
  /** Forgets what was recorded. */
  clear(): void;
  /** Ends the recording, as `using` does. */
  stop(): void;
}

const recorders = new WeakMap<Database, Set<(flight: Flight) => void>>();

/**
 * Records what a database sends from now on, flight by flight. Inside `rolledBack()` it is what would be sent without: `begin` and
 * `commit`, not savepoints.
 *
 * @returns a list that grows; `toEqual()` compares it with a list of lists.
 * @example
 * using flights = recordFlights(db);
 * await db.session((session) => session.sql`select 1`);
 * expect(flights).toEqual([["begin", "select 1"], ["commit"]]);
 * expect(flights.count).toBe(2);
 */
export function recordFlights(
  db: Database,
  options: RecordOptions & { readonly params: true },
): Flights<RecordedStatement>;
export function recordFlights(db: Database, options?: RecordOptions): Flights;
export function recordFlights(db: Database, options: RecordOptions = {}): Flights<string | RecordedStatement> {
  checkDatabase(db);
  checkNames(options, OPTIONS, "recordFlights()");
  const flights = new FlightList();
  const record = ({ steps }: Flight): void => {
    const sent = steps.filter((step) => options.setup || step.kind !== "query" || !step.isSetup);
    if (sent.length > 0) flights.add(sent, options.params === true);
  };
  flights.onStop(listen(db, record));
  return flights;
}

function listen(db: Database, record: (flight: Flight) => void): () => void {
  const all = recorders.get(db) ?? new Set();
  recorders.set(db, all.add(record));
  db.record = (flight) => {
    for (const each of all) each(flight);
  };
  return () => {
    all.delete(record);
    if (all.size === 0) db.record = undefined;
  };
}

type Recorded = string | RecordedStatement;

class FlightList extends Array<readonly Recorded[]> implements Flights<Recorded> {
  // Methods of Array make plain ones.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  #stop: () => void = () => undefined;
  declare readonly [Symbol.dispose]: () => void;
  readonly #asked: Recorded[] = [];
  static {
    disposable(this, function () {
      this.stop();
    });
  }

  onStop(stop: () => void): void {
    this.#stop = stop;
  }

  get count(): number {
    return this.length;
  }

  get statements(): readonly Recorded[] {
    return [...this.#asked];
  }

  add(steps: readonly Step[], hasParams: boolean): void {
    const statements = steps.map((step) => toRecorded(step, hasParams));
    this.push(statements);
    this.#asked.push(...statements.filter((_, at) => steps[at]!.kind === "query"));
  }

  clear(): void {
    this.length = this.#asked.length = 0;
  }

  stop(): void {
    this.#stop();
  }
}

function toRecorded(step: Step, hasParams: boolean): Recorded {
  const isQuery = step.kind === "query";
  const text = isQuery ? step.statement.text : "name" in step ? `${step.kind} ${step.name}` : step.kind;
  if (!hasParams) return text;
  return isQuery && step.statement.params ? { text, params: step.statement.params } : { text };
}
