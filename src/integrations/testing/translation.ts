// The steps of a session's flight, as steps inside of the test's transaction: a savepoint stands where its transaction would be.

import type { BeginOptions, QueryStep, Settings, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { transactionLost } from "../../adapters/shared/failures.ts";
import { FAIL_ON_BROKEN_KEY } from "../../adapters/sqlite/foreign-keys.ts";
import { scan } from "../../adapters/sqlite/scan.ts";
import { Kept, setLocal, settingsIn } from "./settings.ts";

/** A session's transaction: a savepoint, and what it has to put back when that is released. */
export interface OpenLevel {
  readonly name: string;
  readonly options: BeginOptions;
  readonly kept: Kept;
  /** It was rolled back. */
  isUndone: boolean;
}

/** One step to send, and the step of the session that it stands for. */
export interface Placed {
  readonly step: Step;
  readonly of: number;
  /** Its result is the one that the session is given. */
  readonly isAnswer: boolean;
  /** What is open once it is done; `null`: nothing. */
  readonly leaves?: OpenLevel | null;
  /** What was open is taken back by it. */
  readonly isUndone?: boolean;
}

/** How a test's transaction was begun, and what its connections need to know of it. */
export interface Ground {
  readonly isPostgres: boolean;
  /** Foreign keys were turned off before it began. */
  readonly hasKeysOff: boolean;
  /** A name that no other savepoint has. */
  name(): string;
}

const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };
export const SKIPPED: StepOutcome = { status: "skipped" };

// As a COMMIT would: what is deferred until then is looked at, and stays deferred for what comes.
const CHECK = "isopool_check";
const DEFERRED =
  "(SELECT foreign_keys FROM pragma_foreign_keys) AND ((SELECT defer_foreign_keys FROM pragma_defer_foreign_keys) " +
  "OR EXISTS (SELECT 1 FROM sqlite_master WHERE sql LIKE '%deferred%'))";
const CHECK_DEFERRED_KEYS = FAIL_ON_BROKEN_KEY.replace("LIMIT", `WHERE ${DEFERRED} LIMIT`);

/** Writes the steps of one flight, from where it starts to the first that stands alone, or is known without asking. */
export class Translation {
  readonly placed: Placed[] = [];
  /** What is open behind the steps so far. */
  level: OpenLevel | undefined;
  readonly #ground: Ground;

  constructor(ground: Ground, level: OpenLevel | undefined) {
    this.#ground = ground;
    this.level = level;
  }

  /** @returns what is known of a step without sending anything for it; `undefined`: it was written. */
  add(step: Step, of: number): StepOutcome | undefined {
    const { level } = this;
    if (step.kind === "begin") return this.#begin(step.options, of);
    if (step.kind === "query") return this.#query(step, of);
    if (!level) return step.kind === "rollback" ? DONE : { status: "failed", error: transactionLost(step.kind) };
    if (step.kind === "commit") this.#commit(level, of);
    else if (step.kind === "rollback") {
      this.#put({ kind: "rollback-to", name: level.name }, of);
      this.#put({ kind: "release", name: level.name }, of, null, true);
      level.kept.forget();
    } else this.#put(step, of);
    return undefined;
  }

  #begin(options: BeginOptions, of: number): StepOutcome | undefined {
    if (this.level) return { status: "failed", error: transactionLost("begin") };
    const { isPostgres, hasKeysOff } = this.#ground;
    if (options.foreignKeys && !hasKeysOff) return { status: "failed", error: keysStay() };
    const name = this.#ground.name();
    const level: OpenLevel = { name, options, kept: new Kept(name), isUndone: false };
    this.#put({ kind: "savepoint", name }, of, level);
    if (!isPostgres) return undefined;
    if (options.accessMode === "read only") this.#run({ text: "SET TRANSACTION READ ONLY" }, of);
    const { settings = {} } = options;
    if (Object.keys(settings).length === 0) return undefined;
    this.#keep(level.kept, Object.keys(settings), of);
    this.#run(setLocal(settings), of);
    return undefined;
  }

  #query(step: QueryStep, of: number): StepOutcome | undefined {
    const { level } = this;
    if (!level) return SKIPPED;
    const { statement } = step;
    if (this.#ground.isPostgres) this.#keep(level.kept, namesIn(statement, true), of);
    else if (level.options.accessMode === "read only" && !onlyReads(statement.text))
      return { status: "failed", error: readOnly(statement.text) };
    this.placed.push({ step: { ...step, guarded: true }, of, isAnswer: true });
    return undefined;
  }

  #commit({ name, options, kept }: OpenLevel, of: number): void {
    for (const step of checkDeferred(this.#ground.isPostgres, options.foreignKeys)) this.#put(step, of);
    this.#put({ kind: "release", name }, of, null);
    const restore = kept.restore();
    if (restore) this.#run(restore, of);
  }

  #keep(kept: Kept, names: readonly string[], of: number): void {
    const statement = kept.keep(names);
    if (statement) this.#run(statement, of);
  }

  #run(statement: Statement, of: number): void {
    this.#put(stepOf(statement), of);
  }

  #put(step: Step, of: number, leaves?: OpenLevel | null, isUndone = false): void {
    if (leaves !== undefined) this.level = leaves ?? undefined;
    this.placed.push({ step, of, isAnswer: false, ...(leaves !== undefined && { leaves }), isUndone });
  }
}

/** Looks at the constraints that are deferred to the end of a transaction, and leaves them deferred. */
export function checkDeferred(isPostgres: boolean, foreignKeys?: "off"): Step[] {
  if (!isPostgres) return [stepOf({ text: foreignKeys ? FAIL_ON_BROKEN_KEY : CHECK_DEFERRED_KEYS })];
  return [
    { kind: "savepoint", name: CHECK },
    stepOf({ text: "SET CONSTRAINTS ALL IMMEDIATE" }),
    { kind: "rollback-to", name: CHECK },
    { kind: "release", name: CHECK },
  ];
}

/** Whether a statement on its own may leave something that would be looked at when its transaction ends. */
export function mayBeDeferred({ text }: Statement): boolean {
  return !/^\s*(?:select|values|show|explain|pragma|set|table)\b/i.test(text);
}

/** A statement of ours: when it fails, so does what it is for. */
export function stepOf(statement: Statement): QueryStep {
  return { kind: "query", statement, guarded: true, onError: "stop" };
}

/** The names of what a statement sets. */
export function namesIn(statement: Statement, isLocal: boolean): string[] {
  return settingsIn(statement)
    .filter((setting) => setting.isLocal === isLocal)
    .map(({ name }) => name);
}

function onlyReads(text: string): boolean {
  const { isRead, verb, leavesState } = scan(text);
  return isRead || (/^(EXPLAIN|PRAGMA)$/.test(verb) && !leavesState);
}

function readOnly(sql: string): DbError {
  const details = { kind: "permission", sql, dialectCode: undefined } as const;
  return new DbError("QUERY_FAILED", "this transaction is read only: begin it with `read write`", details);
}

function keysStay(): DbError {
  const wanted = 'transactions with `foreignKeys: "off"`';
  const message = `rolledBack() has no ${wanted}: SQLite turns them off outside of transactions only; give rolledBack() that option`;
  return new DbError("TRANSACTION_UNSUPPORTED", message, { adapter: "rolledBack", wanted });
}

/** A query that is no part of a transaction. */
export function isLone(step: Step): boolean {
  return step.kind === "query" && !step.guarded;
}

/** Whether a step has stopped its flight. */
export function isStop(step: Step, { status }: StepOutcome): boolean {
  return status === "failed" && (step.kind !== "query" || step.onError === "stop");
}

/** Makes settings, and keeps what was there. */
export function applied(kept: Kept, settings: Settings | undefined): Step[] {
  const names = Object.keys(settings ?? {});
  const before = kept.keep(names);
  return before ? [stepOf(before), stepOf(setLocal(settings!))] : [];
}

/** Puts back what was kept. */
export function restored(kept: Kept): Step[] {
  const statement = kept.restore();
  return statement ? [stepOf(statement)] : [];
}
