import type { DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { DbError } from "../../errors.ts";
import { scan as scanPostgres } from "../../adapters/postgres/scan.ts";
import { scan } from "../../adapters/sqlite/scan.ts";
import { answers } from "./answers.ts";
import { Kept } from "./settings.ts";
import {
  applied,
  checkDeferred,
  isLone,
  isStop,
  restored,
  type Ground,
  mayBeDeferred,
  namesIn,
  type OpenLevel,
  type Placed,
  SKIPPED,
  stepOf,
  Translation,
} from "./translation.ts";
import type { Taker, Turns } from "./turns.ts";

/** The one connection of a test, with its transaction open. */
export interface Shared extends Ground {
  readonly driver: DriverConnection;
  readonly turns: Turns;
  /** Why nothing more runs on it: the database has ended its transaction, or the test is over. */
  readonly lost: DbError | undefined;
  /** Sends steps to the server. @throws what the driver throws; the test is lost then. */
  send(flight: Flight): Promise<StepOutcome[]>;
}

/** What a session may leave behind, besides settings. */
const CLEAN = [
  "DISCARD TEMP",
  "DEALLOCATE ALL",
  "CLOSE ALL",
  "UNLISTEN *",
  "SELECT pg_catalog.pg_advisory_unlock_all()",
];

/** The flights of one session of a test, as they are sent inside of the test's transaction. */
export class SavepointFlights {
  readonly #test: Shared;
  /** Whose they are. */
  readonly #taker: Taker;
  #level: OpenLevel | undefined;
  #isFailed = false;
  #hasLeft = false;
  /** What was set for the session, and not for a transaction alone. */
  readonly #kept: Kept;

  constructor(test: Shared, taker: Taker) {
    this.#test = test;
    this.#taker = taker;
    this.#kept = new Kept(test.name());
  }

  /** The transaction that is open. */
  get level(): OpenLevel | undefined {
    return this.#level;
  }

  /** Whether a statement of the open transaction failed, and the database takes nothing but a rollback of it. */
  get isFailed(): boolean {
    return this.#isFailed;
  }

  /** Whether something stays that another session would see. */
  get hasLeft(): boolean {
    return this.#hasLeft || !this.#kept.isEmpty;
  }

  /** Takes note of what a statement leaves. */
  note({ text }: Statement): void {
    const { leavesState } = this.#test.isPostgres ? scanPostgres(text) : scan(text);
    this.#hasLeft ||= leavesState;
  }

  /** Sends what its session sends. */
  async fly({ steps, undo = [], settings }: Flight): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    for (const step of steps) if (step.kind === "query" && !step.isSetup) this.note(step.statement);
    let isUndone = false;
    const isStopped = (): boolean =>
      outcomes.some(({ status }, at) => status === "failed" && (steps[at] as QueryStep).onError !== "continue");
    while (outcomes.length < steps.length && !isStopped()) {
      const rest = steps.slice(outcomes.length);
      if (!this.#level && isLone(rest[0]!)) outcomes.push(...(await this.#alone(rest, settings)));
      else {
        const sent = await this.#inside(rest, undo);
        outcomes.push(...sent.outcomes);
        isUndone = sent.isUndone;
      }
    }
    if (isStopped() && !isUndone && undo.length > 0)
      await this.fly({ steps: undo.map((step) => (step.kind === "query" ? { ...step, onError: "continue" } : step)) });
    while (outcomes.length < steps.length) outcomes.push(SKIPPED);
    return outcomes;
  }

  /** Sends what is in a transaction, with what begins and ends it. */
  async #inside(
    steps: readonly Step[],
    undo: readonly Step[],
  ): Promise<{ readonly outcomes: StepOutcome[]; readonly isUndone: boolean }> {
    const { isPostgres } = this.#test;
    const there = new Translation(this.#test, this.#level);
    let count = 0;
    for (const step of steps) {
      if (!there.level && isLone(step)) break;
      const known = there.add(step, count);
      // First what is to be sent.
      if (known && count > 0 && there.placed.length > 0) break;
      if (known) return { outcomes: [known], isUndone: false };
      count++;
    }
    const begun = there.placed.find(({ leaves }) => leaves)?.leaves ?? this.#level;
    const back = new Translation(this.#test, begun ?? undefined);
    undo.forEach((step, index) => back.add(step, index));
    const { placed } = there;
    const outcomes = await this.#test.send({
      steps: placed.map(({ step }) => step),
      undo: back.placed.map(({ step }) => step),
    });
    const stopped = placed.some(({ step }, at) => isStop(step, outcomes[at]!));
    this.#follow(placed, outcomes);
    if (stopped) this.#follow(back.placed, undefined);
    this.#look();
    const told = answers(placed, outcomes, steps.slice(0, count), false);
    // PostgreSQL answers a COMMIT that fails with a rollback.
    if (isPostgres && this.#level && told.some(({ status }, at) => steps[at]!.kind === "commit" && status === "failed"))
      await this.#rollBack();
    return { outcomes: told, isUndone: stopped };
  }

  async #rollBack(): Promise<void> {
    const back = new Translation(this.#test, this.#level);
    back.add({ kind: "rollback" }, 0);
    this.#follow(back.placed, await this.#test.send({ steps: back.placed.map(({ step }) => step) }));
    this.#look();
  }

  /** Sends queries that are no transaction: each in a savepoint, so that one that fails takes back nothing else. */
  async #alone(steps: readonly Step[], settings: Flight["settings"]): Promise<StepOutcome[]> {
    const count = steps.findIndex((step) => !isLone(step));
    const queries = steps.slice(0, count < 0 ? steps.length : count) as QueryStep[];
    const name = this.#test.name();
    const placed = queries.flatMap((step, of) => {
      const { isPostgres } = this.#test;
      const kept = new Kept(`${name}_${of}`);
      const before = isPostgres ? [...applied(kept, settings), ...this.#noted(step, kept)] : [];
      const check = mayBeDeferred(step.statement) ? checkDeferred(isPostgres) : [];
      const after = [...check, ...restored(kept), { kind: "release", name } as const];
      const list: Step[] = [{ kind: "savepoint", name }, ...before, step, ...after];
      const guarded = (each: Step): Step =>
        each.kind === "query" ? { ...each, guarded: true, onError: "stop" } : each;
      return list.map((each): Placed => ({ step: guarded(each), of, isAnswer: each === step }));
    });
    const outcomes = await this.#test.send({
      steps: placed.map(({ step }) => step),
      undo: [
        { kind: "rollback-to", name },
        { kind: "release", name },
      ],
    });
    this.#look();
    const all = answers(placed, outcomes, queries, true);
    const failed = all.findIndex(({ status }) => status !== "done");
    if (failed < 0) return all;
    const { lost } = this.#test;
    if (lost && all[failed]!.status === "skipped") return [...all.slice(0, failed), { status: "failed", error: lost }];
    // Those behind one that has failed leave again.
    return all.slice(0, failed + 1);
  }

  /** Keeps what a lone statement is about to set: for its session, or for nothing but itself. */
  #noted({ statement, isSetup }: QueryStep, kept: Kept): Step[] {
    if (isSetup) return [];
    const statements = [this.#kept.keep(namesIn(statement, false)), kept.keep(namesIn(statement, true))];
    return statements.flatMap((each) => (each ? [stepOf(each)] : []));
  }

  #follow(placed: readonly Placed[], outcomes: readonly StepOutcome[] | undefined): void {
    const { open } = this.#test.turns;
    placed.forEach(({ leaves, isUndone }, at) => {
      if (leaves === undefined || (outcomes && outcomes[at]!.status !== "done")) return;
      if (leaves === null) this.#level!.isUndone = isUndone === true;
      this.#level = leaves ?? undefined;
      if (leaves) open.push(this.#taker);
      else open.splice(open.indexOf(this.#taker), 1);
    });
  }

  /** Runs something that is no transaction of its session, so that its failure takes back nothing else. */
  async alone<T>(settings: Flight["settings"], work: () => Promise<T>): Promise<T> {
    // SQLite fails a statement and nothing else.
    if (this.#level || !this.#test.isPostgres) return work();
    const name = this.#test.name();
    const kept = new Kept(name);
    await this.#must([{ kind: "savepoint", name }, ...applied(kept, settings)]);
    try {
      const value = await work();
      await this.#must([...restored(kept), { kind: "release", name }]);
      return value;
    } catch (error) {
      if (!this.#test.lost)
        await this.#must([
          { kind: "rollback-to", name },
          { kind: "release", name },
        ]);
      throw error;
    }
  }

  /** What is around it was taken back, or has ended. */
  lose(): void {
    if (this.#level) this.#level.isUndone = true;
    this.#level = undefined;
  }

  /** Undoes what its session has left open, and what others must not see of it. */
  async takeBack(): Promise<void> {
    const { turns, isPostgres, lost, driver } = this.#test;
    const level = this.#level;
    this.lose();
    const place = turns.open.indexOf(this.#taker);
    // What was begun inside goes with it.
    if (place >= 0) for (const inner of turns.open.splice(place)) inner.lose();
    if (lost || driver.state === "closed") return;
    if (level)
      await this.#must([
        { kind: "rollback-to", name: level.name },
        { kind: "release", name: level.name },
      ]);
    await this.#must(restored(this.#kept));
    if (!this.#hasLeft) return;
    this.#hasLeft = false;
    if (isPostgres) return this.#must(CLEAN.map((text) => stepOf({ text })));
    const list =
      "SELECT type, name FROM temp.sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
    const [outcome] = await this.#test.send({ steps: [stepOf({ text: list })] });
    const found = outcome?.status === "done" ? outcome.result.rows : [];
    await this.#must(
      found.map(([type, name]) =>
        stepOf({ text: `DROP ${String(type)} temp."${String(name).replaceAll('"', '""')}"` }),
      ),
    );
  }

  #look(): void {
    this.#isFailed = this.#level !== undefined && this.#test.driver.state === "failed";
    if (this.#test.lost) this.lose();
  }

  /** Sends steps of ours. @throws the error of the first that fails. */
  async #must(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return;
    for (const outcome of await this.#test.send({ steps })) if (outcome.status === "failed") throw outcome.error;
  }
}
