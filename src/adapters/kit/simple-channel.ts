import type { Failures } from "../shared/failures.ts";
import { groupsOf, type Send, statusAfter, writeGroup } from "../postgres/groups.ts";
import { bare } from "../postgres/control.ts";
import type { Answer, Part, PartOutcome } from "../postgres/pipeline.ts";
import { hasMore, shiftOf, toSends } from "../postgres/sends.ts";
import type { Answering, Channel, ServerError } from "../postgres/wire.ts";
import type { SimplePostgresOptions } from "./postgres-options.ts";

const SKIPPED: PartOutcome = { status: "skipped" };
const RESET = "DISCARD ALL";

type Outcome = Exclude<PartOutcome, { status: "skipped" }>;

/** A connection of a driver that knows nothing but to run a statement: each waits for the one before. */
export class SimpleChannel<Driver> implements Channel {
  readonly raw: Driver;
  readonly failures: Failures;
  /** As the answers tell. */
  status = "I";
  readonly #options: SimplePostgresOptions<Driver>;
  #closing: Promise<void> | undefined;

  constructor(driver: Driver, options: SimplePostgresOptions<Driver>, failures: Failures) {
    this.raw = driver;
    this.failures = failures;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#closing === undefined && (this.#options.isOpen?.(this.raw) ?? true);
  }

  checkOpen(): void {
    if (!this.isOpen) throw this.failures.gone("this connection was closed");
  }

  run(segments: readonly (readonly Part[])[], isKept: boolean): Answering {
    this.checkOpen();
    const running = { hasBegun: false } as Answering;
    running.answer = this.#answer(segments, isKept, () => (running.hasBegun = true));
    return running;
  }

  close(): Promise<void> {
    return (this.#closing ??= Promise.resolve(this.#options.close(this.raw)));
  }

  async #answer(segments: readonly (readonly Part[])[], isKept: boolean, onFirst: () => void): Promise<Answer> {
    const answer: Answer = [];
    for (const segment of segments) answer.push(await this.#segment(segment, isKept, onFirst));
    return answer;
  }

  /** What others send up to one Sync: behind a failure, nothing of it runs. */
  async #segment(segment: readonly Part[], isKept: boolean, onFirst: () => void): Promise<PartOutcome[]> {
    const parts = segment.filter(({ kind }) => kind !== "close");
    const outcomes = parts.map((): PartOutcome => SKIPPED);
    const sends = segment
      // Those of a transaction that has ended, or failed, have gone or go with it.
      .filter(({ kind }) => kind !== "close" || this.status === "T")
      .flatMap((part) => toSends(part, parts.indexOf(part)))
      .map(({ bound, at = -1 }): Send => (at < 0 ? { bound } : { bound, at }));
    for (const group of groupsOf(sends, this.status !== "I")) {
      const isOwn = !group.begin && !group.isInside;
      const failed = await this.#unit(writeGroup(group), parts, outcomes, isKept, onFirst);
      if (!failed) continue;
      // Nobody else knows of a transaction that was begun here.
      if (isOwn && this.status !== "I") await this.#ask(bare("ROLLBACK"), undefined, isKept);
      break;
    }
    return outcomes;
  }

  /** @returns whether one of them has failed: the rest has not run. */
  async #unit(
    sends: readonly Send[],
    parts: readonly Part[],
    outcomes: PartOutcome[],
    isKept: boolean,
    onFirst: () => void,
  ): Promise<boolean> {
    let last: number | undefined;
    for (const { bound, at } of sends) {
      const part = at === undefined ? undefined : parts[at]!;
      const outcome = await this.#ask(bound, part, isKept);
      onFirst();
      last = at ?? last ?? sends.find((each) => each.at !== undefined)?.at;
      if (outcome.status === "done") {
        if (part) outcomes[at!] = { ...outcome, hasMore: hasMore(part, outcome.result) };
        continue;
      }
      // The COMMIT around statements fails for what was put off to it.
      if (last !== undefined) outcomes[last] = outcome;
      return true;
    }
    return false;
  }

  /** @throws DbError `CONNECTION_LOST` */
  async #ask({ text, values }: Send["bound"], part: Part | undefined, isKept: boolean): Promise<Outcome> {
    try {
      const { fields, rows, command, rowsAffected } = await this.#options.run(this.raw, { text, values });
      this.status = statusAfter(text, this.status);
      const result = { fields, rows, command: command ?? "", count: rowsAffected ?? 0 };
      return { status: "done", result, hasMore: false };
    } catch (thrown) {
      const error = this.#isAlive() ? (this.#options.toServerError ?? serverErrorOf)(thrown) : undefined;
      if (!error) throw this.#lost(thrown, isKept && text !== RESET);
      if (this.status !== "I") this.status = text === "COMMIT" ? "I" : "E";
      return { status: "failed", error: shifted(error, part) };
    }
  }

  #isAlive(): boolean {
    return this.#options.isOpen?.(this.raw) ?? true;
  }

  #lost(cause: unknown, mayStay: boolean): Error {
    // Not waited for: it may be hung.
    this.close().catch(() => undefined);
    const { unknown, gone } = this.failures;
    return (mayStay ? unknown : gone)("the connection was lost before an answer came", cause);
  }
}

function serverErrorOf(thrown: unknown): ServerError | undefined {
  const error = Object(thrown) as ServerError;
  return error.severity && !/^(FATAL|PANIC)$/.test(error.severity) ? error : undefined;
}

/** A cursor's declaration stands in front of the statement. */
function shifted(error: ServerError, part: Part | undefined): ServerError {
  const shift = part ? shiftOf(part) : 0;
  if (!shift || !error.position) return error;
  const { message, name, code, severity, detail, hint, schema, table, column, dataType, constraint, routine } = error;
  const position = Number(error.position) - shift;
  return {
    message,
    name,
    code,
    severity,
    detail,
    hint,
    schema,
    table,
    column,
    dataType,
    constraint,
    routine,
    position,
  };
}
