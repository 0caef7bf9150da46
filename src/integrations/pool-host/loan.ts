import type { Flight, RowStream, StepOutcome } from "../../contract/adapter.ts";
import type { Database } from "../../index.ts";
import { Holder, sourceOf } from "../../session/holder.ts";
import type { Link } from "../../session/link.ts";
import { reasonOf } from "../../signal.ts";

const ROLLBACK_MS = 5_000;

/** The connection of the pool that a seat has, from its first flight until nothing of the session is on it any more. */
export class Loan {
  readonly #db: Database;
  readonly #holder: Holder;
  /** Something was sent for this session on the connection: another one would not do. */
  readonly #use = { isOpen: false, move: ignore, land: ignore, end: ignore };

  constructor(db: Database, id: number) {
    this.#db = db;
    this.#holder = new Holder(db, { id, parent: undefined }, this.#use);
  }

  get link(): Link | undefined {
    return this.#holder.link;
  }

  get streams(): Set<RowStream> {
    return this.#holder.streams;
  }

  /** Whether something of the session is on the connection, so that it cannot be lent to another. */
  get isHeld(): boolean {
    const { link } = this;
    if (!link) return false;
    const { state, isReusable, hasSessionState = link.driver.renew !== undefined } = link.driver;
    return state !== "idle" || !isReusable || hasSessionState || this.streams.size > 0;
  }

  /** Sends a flight, on the connection that the session has or on a new one. One that died while it was idle is replaced. */
  async send({ steps, ...rest }: Flight, signal: AbortSignal): Promise<StepOutcome[]> {
    for (;;) {
      const link = await this.#borrow(signal);
      const ahead = link.setup.splice(0);
      const { hasSessionState } = link.driver;
      try {
        link.origin.flights++;
        const outcomes = await link.driver.send({ ...rest, steps: [...ahead, ...steps] }, signal);
        this.#use.isOpen = true;
        const bad = outcomes.slice(0, ahead.length).find(({ status }) => status !== "done");
        this.#holder.setUp(!bad);
        if (bad?.status === "failed") throw this.#fail(bad.error);
        return outcomes.slice(ahead.length);
      } catch (error) {
        if (!this.link || !this.#holder.replaces(error, ahead.length > 0, hasSessionState)) throw error;
      }
    }
  }

  /** Begins to read rows; where the connection had died while it was idle, on another one. */
  async open<T>(work: (link: Link) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const link = await this.#borrow(signal);
      if (link.setup.length > 0) {
        await this.send({ steps: [] }, signal);
        // It may be another one by now.
        continue;
      }
      const { hasSessionState } = link.driver;
      try {
        const opened = await work(link);
        this.#use.isOpen = true;
        return opened;
      } catch (error) {
        if (this.link !== link || !this.#holder.replaces(error, false, hasSessionState)) throw error;
      }
    }
  }

  /** Gives the connection back, if nothing of the session is on it. */
  async settle(): Promise<void> {
    if (this.link?.driver.state === "closed") this.drop(undefined);
    else if (this.link && !this.isHeld) await this.#release();
  }

  /** Rolls back what is open, and gives the connection back; one on which that fails is closed. */
  async end(): Promise<void> {
    const { link } = this;
    if (!link) return;
    const late = new AbortController();
    const { clock } = this.#db;
    const timer = clock.setTimeout(() => late.abort(new Error("the rollback took too long")), ROLLBACK_MS);
    try {
      if (/transaction|failed/.test(link.driver.state)) {
        link.origin.flights++;
        await link.driver.send({ steps: [{ kind: "rollback" }] }, late.signal);
      }
    } catch {
      // Its state shows it, and it is closed.
    } finally {
      clock.clearTimeout(timer);
    }
    await this.#release();
  }

  drop(error: unknown): void {
    this.#use.isOpen = false;
    this.#holder.drop(error);
  }

  async #borrow(signal: AbortSignal): Promise<Link> {
    const { link } = this;
    if (link) return link;
    this.#use.isOpen = false;
    const holder = this.#holder;
    const source = await sourceOf(this.#db, () => signal);
    const borrowed = holder.borrow(source, true);
    const giveUp = (): void => holder.endWait?.(reasonOf(signal));
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    try {
      const taken = holder.take(await borrowed);
      if (!taken.isPrepared) await holder.prepare(taken, signal);
      return taken;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #fail(error: Error): Error {
    this.drop(error);
    return error;
  }

  async #release(): Promise<void> {
    this.#use.isOpen = false;
    await this.#holder.release();
  }
}

function ignore(): void {}
