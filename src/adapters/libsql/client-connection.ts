import { systemClock } from "../../clock.ts";
import type { DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { ClientResult, ClientStatement, CreateClient, LibsqlClient, LibsqlTransaction } from "./client-driver.ts";
import { explain, isLocked, type SqlStep, stops, toFailure } from "./client-failure.ts";
import { isList, runList } from "./client-list.ts";
import { readable, restoreBytes, toClient, toResult } from "./client-results.ts";
import { transactionLost } from "../shared/failures.ts";
import { FAIL_ON_BROKEN_KEY, toBrokenKey } from "../sqlite/foreign-keys.ts";
import { gone, readOnly, toDbError } from "./errors.ts";
import { Patience } from "./patience.ts";
import { CLOSE_MS, isBusy, untilAborted } from "./remote.ts";
import { readJson, type Sender } from "./sender.ts";
import { mayOnlyRead, modeOf, textOf } from "./texts.ts";
import { DONE, SKIPPED } from "./told.ts";
import { throwIfAborted } from "../../signal.ts";

/**
 * A connection through the user's @libsql/client: a client of its own, and at most one transaction.
 *
 * The client speaks version 2 of the protocol: after any failure in a transaction, only a rollback, whole or to a savepoint,
 * is let through, for a transaction that the database had ended would run on in autocommit.
 */
export class ClientConnection implements DriverConnection {
  readonly raw: LibsqlClient;
  readonly setup: readonly Statement[] = [];
  state: DriverConnection["state"] = "idle";
  readonly #sending: Set<Promise<unknown>> = new Set();
  /** Of the flight: in some Workers, one of an earlier request cannot be used. */
  #controller = new AbortController();
  #transaction: LibsqlTransaction | undefined;
  #mode: "write" | "deferred" = "deferred";
  /** Statements that must follow the client's own BEGIN: it knows neither EXCLUSIVE nor foreign keys that are off. */
  #opening: readonly ClientStatement[] = [];
  #checksKeys = false;
  #hasBegun = false;
  #isReadOnly = false;
  #closing: Promise<void> | undefined;

  constructor(createClient: CreateClient, url: string, sender: Sender) {
    const send = async (request: Request): Promise<Response> => {
      const body = restoreBytes(await request.text());
      const hasBaton = body.includes('"baton":"');
      const response = await sender.post(request.url, body, hasBaton, this.#controller.signal);
      if (response.status !== 200) throw await sender.refusal(response, hasBaton);
      return new Response(readable(await readJson(response)), { headers: { "content-type": "application/json" } });
    };
    this.raw = createClient({ url, intMode: "bigint", fetch: (request) => this.#track(send(request)) });
  }

  get isReusable(): boolean {
    return this.state === "idle";
  }

  async send(flight: Flight, signal?: AbortSignal): Promise<StepOutcome[]> {
    if (this.state === "closed") throw gone("this connection was closed");
    throwIfAborted(signal);
    this.#controller = new AbortController();
    try {
      return await untilAborted(
        this.#track(this.#fly(flight, new Patience(), signal)),
        signal,
        () => (this.state = "closed"),
      );
    } catch (error) {
      if (!isBusy(error) || this.#transaction) this.state = "closed";
      throw error;
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.state = "closed";
    const timer = systemClock.setTimeout(() => this.#controller.abort(), CLOSE_MS);
    if (this.#sending.size === 0) this.#controller = new AbortController();
    // Waits in the client's own line, behind what somebody stopped waiting for.
    await this.#transaction?.rollback().catch(() => undefined);
    this.raw.close();
    // The client waits for none of its farewells.
    await Promise.allSettled(this.#sending);
    systemClock.clearTimeout(timer);
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const end = (): unknown => this.#sending.delete(promise);
    this.#sending.add(promise);
    promise.then(end, end);
    return promise;
  }

  async #fly(
    { steps, undo = [] }: Flight,
    patience: Patience,
    signal: AbortSignal | undefined,
  ): Promise<StepOutcome[]> {
    const again = (): Promise<boolean> => patience.wait(signal);
    if (this.state === "idle" && isList(steps)) return runList(this.raw, steps, again);
    const outcomes: StepOutcome[] = [];
    let isStopped = false;
    while (outcomes.length < steps.length) {
      const rest = steps.slice(outcomes.length);
      const taken: StepOutcome[] = isStopped ? rest.map(() => SKIPPED) : await this.#take(rest, again);
      isStopped ||= taken.some(({ status }, index) => status === "failed" && stops(rest[index]!));
      outcomes.push(...taken);
    }
    if (isStopped) for (const step of undo) await this.#take([step], again);
    return outcomes;
  }

  /** Takes the first of the steps, and those behind it that can go with it. */
  async #take(steps: readonly Step[], again: () => Promise<boolean>): Promise<StepOutcome[]> {
    const [step, ...following] = steps as [Step, ...Step[]];
    if (step.kind === "begin") return this.#begin(step.options, following);
    if (step.kind === "rollback" || step.kind === "commit") return [await this.#settle(step.kind)];
    if (step.kind === "query" && this.state === "idle")
      return [step.guarded ? SKIPPED : await this.#execute(step, again)];
    if (!this.#transaction || (this.state === "failed" && step.kind !== "rollback-to")) {
      return [step.kind === "query" ? SKIPPED : { status: "failed", error: transactionLost(step.kind) }];
    }
    const end = steps.findIndex((each) => !isSql(each) || this.#isForbidden(each));
    if (end === 0) return [{ status: "failed", error: readOnly((step as QueryStep).statement.text) }];
    const together = (end < 0 ? steps : steps.slice(0, end)) as SqlStep[];
    const isLast = end === steps.length - 1 && steps[end]!.kind === "commit" && together.every(stops);
    return isLast && this.#hasBegun && this.state === "transaction"
      ? this.#runLast(together)
      : this.#runInside(together, again);
  }

  async #begin(options: Parameters<typeof modeOf>[0], following: readonly Step[]): Promise<StepOutcome[]> {
    const mode = modeOf(options, following);
    this.#checksKeys = options.foreignKeys === "off";
    // Foreign keys can be turned off outside of a transaction only, and are on again with the stream, which each ends.
    const keys = this.#checksKeys ? ["PRAGMA foreign_keys=OFF"] : [];
    const isSpecial = this.#checksKeys || mode === "EXCLUSIVE";
    this.#opening = isSpecial ? ["COMMIT", ...keys, `BEGIN ${mode}`].map(toPlain) : [];
    this.#mode = mode === "IMMEDIATE" && !isSpecial ? "write" : "deferred";
    this.#isReadOnly = options.accessMode === "read only";
    this.#transaction = await this.raw.transaction(this.#mode);
    this.#hasBegun = false;
    this.state = "transaction";
    return [DONE];
  }

  async #settle(kind: "commit" | "rollback"): Promise<StepOutcome> {
    const transaction = this.#transaction;
    if (kind === "commit" && this.#checksKeys && this.#hasBegun && this.state === "transaction")
      return (await this.#runLast([]))[0]!;
    if (kind === "commit" && (!transaction || this.state === "failed"))
      return { status: "failed", error: transactionLost(kind) };
    this.#transaction = undefined;
    this.#isReadOnly = false;
    try {
      await transaction?.[kind]();
      this.state = "idle";
      return DONE;
    } catch (error) {
      // A commit that the database refuses closes the stream too, and takes everything back.
      const failure = toFailure(error);
      this.state = "idle";
      return kind === "rollback" ? DONE : { status: "failed", error: toDbError(failure, { text: kind }) };
    }
  }

  async #execute({ statement }: QueryStep, again: () => Promise<boolean>): Promise<StepOutcome> {
    for (;;) {
      try {
        return {
          status: "done",
          result: toResult(await this.raw.execute(toClient(this.raw, statement)), statement.text),
        };
      } catch (error) {
        if (!isBusy(error)) return { status: "failed", error: toDbError(toFailure(error), statement) };
        if (!(await again())) throw error;
      }
    }
  }

  /** Runs steps of a transaction in one request; the first that fails ends them. */
  async #runInside(steps: readonly SqlStep[], again: () => Promise<boolean>): Promise<StepOutcome[]> {
    const opening = this.#hasBegun ? [] : this.#opening;
    const statements = [...opening, ...steps.map(this.#toStatement)];
    const { state } = this;
    for (;;) {
      try {
        const results = await this.#transaction!.batch(statements);
        this.#hasBegun = true;
        if (state === "failed") this.state = "transaction";
        return steps.map((step, index) => toOutcome(step, results[opening.length + index]!));
      } catch (error) {
        if (!this.#hasBegun && (isBusy(error) || isLocked(error, opening.length)) && (await again())) {
          await this.#transaction!.rollback().catch(() => undefined);
          this.#transaction = await this.raw.transaction(this.#mode);
          continue;
        }
        const failure = toFailure(error, opening.length);
        this.#hasBegun = true;
        this.state = "failed";
        return explain(this.raw, steps, failure);
      }
    }
  }

  /** Runs a transaction's last steps and COMMIT in one request. What fails in it takes all back, in the same one. */
  async #runLast(steps: readonly SqlStep[]): Promise<StepOutcome[]> {
    const transaction = this.#transaction!;
    const checks = this.#checksKeys ? [FAIL_ON_BROKEN_KEY] : [];
    const running = transaction.batch([...steps.map(this.#toStatement), ...[...checks, "COMMIT"].map(toPlain)]);
    // Asked before the client has sent the list, so that it goes along; behind a COMMIT that was done, it has nothing to do.
    const closing = Promise.resolve()
      .then(() => transaction.rollback())
      .catch(() => undefined);
    try {
      const results = await running;
      this.#leave("idle");
      return [...steps.map((step, index) => toOutcome(step, results[index]!)), DONE];
    } catch (error) {
      const failure = toFailure(error);
      const isCommit = (failure.statementIndex ?? -1) >= steps.length;
      this.#leave(isCommit ? "idle" : "failed");
      if (!isCommit) return await explain(this.raw, steps, failure);
      const broken = toBrokenKey(failure.message) ?? toDbError(failure, { text: "commit" });
      return [...steps.map(() => DONE), { status: "failed", error: broken }];
    } finally {
      await closing;
    }
  }

  #leave(state: "idle" | "failed"): void {
    this.#transaction = undefined;
    this.#isReadOnly = false;
    this.state = state;
  }

  readonly #toStatement = (step: SqlStep): ClientStatement =>
    step.kind === "query" ? toClient(this.raw, step.statement) : toPlain(textOf(step)!);

  #isForbidden(step: Step): boolean {
    return this.#isReadOnly && step.kind === "query" && !mayOnlyRead(step.statement.text);
  }
}

function isSql({ kind }: Step): boolean {
  return kind !== "begin" && kind !== "commit" && kind !== "rollback";
}

function toPlain(sql: string): ClientStatement {
  return { sql, args: [] };
}

function toOutcome(step: SqlStep, result: ClientResult): StepOutcome {
  return step.kind === "query" ? { status: "done", result: toResult(result, step.statement.text) } : DONE;
}
