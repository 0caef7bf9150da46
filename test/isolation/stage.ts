import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type Database, isDbError, type IsolationLevel, type Session } from "../../src/index.ts";
import type { Scenario, Seen, Values } from "./scenarios.ts";

/** A database, and who can tell how many of its users wait. */
export interface Stage {
  readonly db: Database;
  /** How many transactions wait for another one now. */
  waiting(): Promise<number> | number;
}

const TABLE = ["CREATE TABLE test (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"];
const ROWS = ["DELETE FROM test", "INSERT INTO test (id, value) VALUES (1, 10), (2, 20)"];

export async function setStage({ db }: Stage): Promise<void> {
  await db.autocommit.batch(TABLE);
}

/** Plays a scenario, each of its transactions in a session of its own, and tells what was seen. */
export async function play(stage: Stage, { steps }: Scenario, isolationLevel: IsolationLevel): Promise<Seen> {
  await stage.db.autocommit.batch(ROWS);
  const actors = new Map([1, 2, 3].map((who) => [who, new Actor(stage.db, isolationLevel)]));
  const results: Promise<Values | undefined>[] = [];
  for (const [who, what] of steps) {
    results.push(actors.get(who)!.play(what));
    await quiet(stage, [...actors.values()]);
  }
  const rows = await Promise.all(results);
  for (const actor of actors.values()) await actor.leave();
  const committed = [...actors].filter(([, actor]) => actor.isCommitted).map(([who]) => who);
  return { rows, committed, table: toValues((await stage.db.autocommit.query("SELECT id, value FROM test")).rows) };
}

/** One transaction: its steps come one after another, each when the one before it is through. */
class Actor {
  readonly #db: Database;
  readonly #session: Session;
  #last: Promise<Values | undefined> = Promise.resolve(undefined);
  #steps = 0;
  #hasFailed = false;
  #hasEnded = false;
  isCommitted = false;

  constructor(db: Database, isolationLevel: IsolationLevel) {
    this.#db = db;
    this.#session = db.open({ isolationLevel });
  }

  get isBusy(): boolean {
    return this.#steps > 0;
  }

  play(what: string): Promise<Values | undefined> {
    this.#steps++;
    this.#last = this.#last.then(() => this.#step(what)).finally(() => this.#steps--);
    // It is awaited when all steps have been played.
    this.#last.catch(() => {});
    return this.#last;
  }

  async leave(): Promise<void> {
    if (!this.#hasEnded) await this.#end("rollback");
  }

  /** Lets go of its connection too, for which others may wait. */
  async #end(action: "commit" | "rollback"): Promise<void> {
    this.#hasEnded = true;
    await this.#session.close(action);
  }

  async #step(what: string): Promise<Values | undefined> {
    if (this.#hasFailed) return undefined;
    try {
      if (what !== "COMMIT" && what !== "ROLLBACK") return toValues((await this.#session.query(what)).rows);
      await this.#end(what === "COMMIT" ? "commit" : "rollback");
      this.isCommitted = what === "COMMIT";
    } catch (error) {
      // Refused for the sake of isolation, to be done again; or because it reads what it has written, where that is not to be had.
      const isRefusal = isDbError(error, "QUERY_FAILED") || isDbError(error, "TRANSACTION_LOST");
      const isOwn = this.#db.capabilities?.writesAtCommit && isDbError(error, "TRANSACTION_UNSUPPORTED");
      expect(isOwn || (isRefusal && error.retryable), String(error)).toBe(true);
      this.#hasFailed = true;
      await this.leave();
    }
    return undefined;
  }
}

/** Until every step that was begun is through, or waits for another transaction. */
async function quiet(stage: Stage, actors: readonly Actor[]): Promise<void> {
  for (;;) {
    const waiting = await stage.waiting();
    // What has waited may be through by now, and what is under way may come to wait.
    const busy = actors.filter(({ isBusy }) => isBusy).length;
    if (busy <= waiting) return;
    await sleep(2);
  }
}

function toValues(rows: readonly Record<string, unknown>[]): Values {
  return Object.fromEntries(rows.map(({ id, value }) => [Number(id), Number(value)]));
}
