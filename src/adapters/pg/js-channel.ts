import { reasonOf, throwIfAborted } from "../../signal.ts";
import { isDbError } from "../../errors.ts";
import type { Failures } from "../shared/failures.ts";
import { orAbort, within } from "../shared/waits.ts";
import { type Send, statusAfter } from "../postgres/groups.ts";
import type { Answer, Part, PartOutcome } from "../postgres/pipeline.ts";
import { hasMore, toSends } from "../postgres/sends.ts";
import type { Answering, Channel, ServerError } from "../postgres/wire.ts";
import type { JsQuery, PostgresFunction, ReservedSql, RootSql } from "./driver.ts";
import { failures, toConnectError, wordsOf } from "./errors.ts";
import { toRows, toServerError } from "./js-parts.ts";
import { CHECK_FENCE, FIRST_FENCE, toUnits, type Unit } from "./js-units.ts";
import { RESET_INSIDE, RESET_SETTINGS, withReset } from "./reset.ts";
import type { Route } from "./route.ts";

const CONNECT_TIMEOUT_S = 10;
const CANCEL_TIMEOUT_MS = 3_000;
const GOODBYE_TIMEOUT_MS = 1_000;

const SKIPPED: PartOutcome = { status: "skipped" };

/** Of one statement; it rejects when the connection is lost. */
type Outcome = Exclude<PartOutcome, { status: "skipped" }>;

/** A connection of postgres.js: its pool has that one alone, and it is reserved. */
export class JsChannel implements Channel {
  readonly failures: Failures = failures;
  /** As the answers tell: the driver keeps that of ReadyForQuery to itself. */
  status = "I";
  readonly #root: RootSql;
  readonly #secret: string | undefined;
  readonly #isPooled: boolean;
  readonly #reset: string | undefined;
  #reserved: ReservedSql | undefined;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #closing: Promise<void> | undefined;
  /** Under way, in order. */
  readonly #running: Set<JsQuery> = new Set();

  constructor(postgres: PostgresFunction, route: Route) {
    let tellEnd!: () => void;
    this.#ended = new Promise((resolve) => (tellEnd = resolve));
    this.#secret = route.address.password;
    this.#isPooled = route.isPooled;
    this.#reset = route.isHyperdrive ? RESET_SETTINGS : route.isPooled ? RESET_INSIDE : undefined;
    this.#root = postgres(
      toOptions(route, () => {
        this.#hasEnded = true;
        // The driver forgets what was asked for when its socket had failed and was not closed yet; of others it has told.
        for (const query of this.#running) query.reject(new Error("the connection was closed"));
        tellEnd();
      }),
    ) as RootSql;
  }

  /** @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason. */
  static async open(postgres: PostgresFunction, route: Route, signal: AbortSignal | undefined): Promise<JsChannel> {
    throwIfAborted(signal);
    const channel = new JsChannel(postgres, route);
    if (!channel.#root.reserve) throw failures.failed("CONNECT_FAILED", "`postgres` is too old: install 3.4 or later");
    try {
      // reserve() alone never resolves: https://github.com/porsager/postgres looks for those who wait behind a statement.
      await orAbort(channel.#root.unsafe(FIRST_FENCE, [], { simple: true, prepare: false }).execute(), signal);
      channel.#reserved = await channel.#root.reserve();
      return channel;
    } catch (error) {
      void channel.close();
      throw signal?.aborted ? reasonOf(signal) : channel.#toRefusal(error);
    }
  }

  get raw(): unknown {
    return this.#reserved;
  }

  get isOpen(): boolean {
    return !this.#hasEnded && this.#closing === undefined;
  }

  checkOpen(): void {
    if (!this.isOpen) throw failures.gone("this connection was closed");
  }

  run(segments: readonly (readonly Part[])[], isKept: boolean): Answering {
    this.checkOpen();
    const running = { hasBegun: false } as Answering;
    running.answer = this.#answer(withReset(segments, this.#reset), isKept, () => (running.hasBegun = true));
    return running;
  }

  async #answer(segments: readonly (readonly Part[])[], isKept: boolean, onFirst: () => void): Promise<Answer> {
    const isInside = this.status !== "I";
    const answers: (() => Promise<PartOutcome[]>)[] = [];
    try {
      for (const segment of segments) {
        // A pooler must not be sent anything behind what ends a transaction.
        if (this.#isPooled) await answers.at(-1)?.();
        answers.push(await this.#send(segment, isInside, onFirst));
      }
      return await Promise.all(answers.map((answer) => answer()));
    } catch (error) {
      this.#hasEnded = true;
      void this.close();
      if (isDbError(error)) throw error;
      const cause = new Error(wordsOf(error, this.#secret));
      throw (isKept ? failures.unknown : failures.gone)("the connection was lost before an answer came", cause);
    }
  }

  /** @returns what waits for the answers; by then all has left. */
  async #send(segment: readonly Part[], isInside: boolean, onFirst: () => void): Promise<() => Promise<PartOutcome[]>> {
    const parts = segment.filter(({ kind }) => kind !== "close");
    const outcomes = parts.map((): PartOutcome => SKIPPED);
    // Those of a transaction that has ended, or failed, have gone or go with it.
    const sends = segment
      .filter(({ kind }) => kind !== "close" || this.status === "T")
      .flatMap((part) => toSends(part, parts.indexOf(part)))
      .map(({ bound, at = -1 }): Send => (at < 0 ? { bound } : { bound, at }));
    let last: Promise<boolean> = Promise.resolve(true);
    const units = toUnits(sends, isInside, this.#isPooled, String(Math.random()));
    for (const unit of units) {
      if (unit.isBarred && !(await last)) break;
      const running = unit.sends.map((send) => this.#ask(send, parts[send.at ?? -1]));
      for (const each of running) each.then(onFirst, () => undefined);
      last = this.#land(unit, running, parts, outcomes);
      last.catch(() => undefined);
    }
    return async () => {
      await last;
      return outcomes;
    };
  }

  /** Notes what became of the parts of a unit, and tells whether all was done. */
  async #land(
    { sends }: Unit,
    running: readonly Promise<Outcome>[],
    parts: readonly Part[],
    outcomes: PartOutcome[],
  ): Promise<boolean> {
    const settled = await Promise.all(running);
    const failed = settled.findIndex(({ status }) => status === "failed");
    // Each has a Sync of its own: what left behind a BEGIN that was refused has run without a transaction.
    const isUnbegun = failed >= 0 && /^BEGIN\b/.test(sends[failed]!.bound.text);
    if (isUnbegun && settled.some(({ status }, index) => index > failed && status === "done"))
      throw failures.failed("CONNECTION_LOST", "BEGIN was refused, and what left with it may have been kept", {
        outcome: "unknown",
        cause: new Error((settled[failed] as { readonly error: ServerError }).error.message),
      });
    settled.forEach((outcome, index) => {
      const { at } = sends[index]!;
      if (at === undefined || outcome.status === "failed" || (failed >= 0 && index > failed)) return;
      outcomes[at] = { ...outcome, hasMore: hasMore(parts[at]!, outcome.result) };
    });
    if (failed < 0) return true;
    // What comes before it has failed.
    if (sends[failed]!.bound.text === CHECK_FENCE) return false;
    const places = sends.map(({ at }) => at);
    const blamed =
      places[failed] ??
      places.slice(0, failed).findLast((at) => at !== undefined) ??
      places.find((at) => at !== undefined);
    if (blamed !== undefined) outcomes[blamed] = settled[failed]!;
    return false;
  }

  async #ask({ bound }: Send, part: Part = { kind: "run", bound }): Promise<Outcome> {
    const query = this.#reserved!.unsafe(bound.text, [], { simple: false, prepare: false }).raw();
    query.parameters = bound.values;
    this.#running.add(query);
    try {
      const result = toRows(await query.execute());
      this.status = statusAfter(bound.text, this.status);
      return { status: "done", result, hasMore: false };
    } catch (thrown) {
      const error: ServerError | undefined = toServerError(thrown, part);
      if (!error) throw thrown;
      if (this.status !== "I") this.status = bound.text === "COMMIT" ? "I" : "E";
      return { status: "failed", error };
    } finally {
      this.#running.delete(query);
    }
  }

  /** Ends it: what runs is cancelled at the server first. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const [running] = this.#running;
    if (running && !this.#hasEnded) {
      running.cancel();
      const isOver = running.then(
        () => undefined,
        () => undefined,
      );
      await within(Promise.race([isOver, this.#ended]), CANCEL_TIMEOUT_MS);
    }
    await this.#root.end({ timeout: 0 }).catch(() => undefined);
    if (this.#reserved) await within(this.#ended, GOODBYE_TIMEOUT_MS);
  }

  #toRefusal(thrown: unknown): Error {
    return toConnectError(wordsOf(thrown, this.#secret), (Object(thrown) as { code?: string }).code);
  }
}

function toOptions({ address, tls, ssl }: Route, onclose: () => void): Parameters<PostgresFunction>[0] {
  const { host, port, user, password = "", database, applicationName } = address;
  const params = new URLSearchParams(tls);
  const mode = params.get("sslrootcert") === "system" ? "verify-full" : (params.get("sslmode") ?? params.get("ssl"));
  const wanted = ssl ?? (mode === "disable" || mode === "false" ? false : (mode ?? false));
  return {
    ...{ host: host.replace(/^\[|\]$/g, ""), port, user, password, database, ssl: wanted, onclose },
    max: 1,
    // Statements without names, for all that may stand in between.
    prepare: false,
    fetch_types: false,
    ...(params.has("sslnegotiation") && { sslnegotiation: params.get("sslnegotiation")! }),
    idle_timeout: 0,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => undefined,
    ...(applicationName && { connection: { application_name: applicationName } }),
  };
}
