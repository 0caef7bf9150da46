// However the steps of a flight are packed into messages, each has the outcome that it would have alone, and what is stored is
// what was reported: with and without a reset ahead, behind a pooler too.

import { describe, expect, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { BeginOptions, QueryStep, Step, StepOutcome } from "../../../src/contract/adapter.ts";
import { seeded } from "../../kit/seeded.ts";
import { driver } from "../neon/driver.ts";
import { openShop } from "../neon/shop.ts";
import { optionsFor } from "../neon/target.ts";

const ROUNDS = 40;
const FAILS = "SELECT 1 / 0";
const LEAVES = "DO $$ BEGIN EXECUTE 'SET app.left = 1'; END $$";
/** Fails where the last session's setting is seen. */
const LOOKS = "SELECT 1 / (coalesce(current_setting('app.left', true), '') = '')::int";

/** A flight, what becomes of its steps, and the numbers that are stored then. */
class Program {
  readonly steps: Step[] = [];
  readonly statuses: StepOutcome["status"][] = [];
  readonly stored: number[] = [];
  /** In which it leaves the connection: a transaction that has failed is its asker's to roll back. */
  state: "idle" | "failed" = "idle";
  readonly #random: () => number;
  #isOver = false;
  #number = 0;

  constructor(random: () => number, isPooled: boolean) {
    this.#random = random;
    if (this.#chance(0.4))
      this.#setup(isPooled ? ["SELECT 1"] : ["SET app.a = 'A'", "SELECT set_config('app.b', 'B', false)"]);
    if (this.#chance(0.6)) this.#lone();
    else this.#transaction();
  }

  #setup(texts: readonly string[]): void {
    for (const text of texts) this.#query(this.#chance(0.25) ? FAILS : text, { isSetup: true, onError: "stop" });
  }

  #lone(): void {
    const count = 1 + Math.floor(this.#random() * 5);
    for (let at = 0; at < count; at++) {
      const number = ++this.#number;
      const block = `DO $$ BEGIN INSERT INTO goods VALUES (${number}, 'block'); COMMIT; END $$`;
      const insert = `INSERT INTO goods VALUES (${number}, 'alone')`;
      const text = this.#pick([insert, insert, insert, block, FAILS, LOOKS, "VACUUM goods"]);
      if (/INSERT/.test(text) && !this.#isOver) this.stored.push(number);
      this.#query(text, { onError: at === count - 1 && this.#chance(0.3) ? "stop" : "continue" });
    }
  }

  #transaction(): void {
    const refused: BeginOptions = { settings: { role: "nobody_at_all" } };
    const options = this.#pick<BeginOptions>([
      {},
      { isolationLevel: "serializable" },
      { settings: { "app.x": "y" } },
      refused,
    ]);
    this.#add({ kind: "begin", options }, options !== refused);
    this.#isOver ||= options === refused;
    const inside: number[] = [];
    for (let count = Math.floor(this.#random() * 4); count > 0; count--) {
      const isBad = this.#chance(0.2);
      if (!isBad) inside.push(++this.#number);
      this.#query(isBad ? FAILS : `INSERT INTO goods VALUES (${this.#number}, 'inside')`, { guarded: true });
      // PostgreSQL skips the rest of a transaction that has failed.
      if (isBad && !this.#isOver) this.state = "failed";
      this.#isOver ||= isBad;
    }
    if (!this.#isOver) this.stored.push(...inside);
    this.#add({ kind: "commit" }, true);
  }

  #query(text: string, more: Partial<QueryStep>): void {
    const step: QueryStep = { kind: "query", statement: { text }, guarded: false, onError: "continue", ...more };
    this.#add(step, text !== FAILS);
    this.#isOver ||= text === FAILS && step.onError === "stop";
  }

  #add(step: Step, isGood: boolean): void {
    this.steps.push(step);
    this.statuses.push(this.#isOver ? "skipped" : isGood ? "done" : "failed");
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }
}

describe.each([15, 18] as const)("on PostgreSQL %i", (version) => {
  test.each([false, true])("random flights; behind a pooler: %s", async (pooled) => {
    const { server } = await openShop({ server: { version } });
    const options = optionsFor(driver, server, { transport: "ws", pooled, parsers: { numeric: Number } });
    const adapter = neon(options).create({ url: server.url, folder: "" });
    const random = seeded(version + Number(pooled));
    for (let round = 0; round < ROUNDS; round++) {
      const connection = await adapter.open({ url: server.url, signal: new AbortController().signal });
      if (random() < 0.6) {
        const leaves: QueryStep = { kind: "query", statement: { text: LEAVES }, guarded: false, onError: "continue" };
        await connection.send({ steps: [leaves] });
        connection.renew!();
      }
      const program = new Program(random, pooled);
      const outcomes = await connection.send({ steps: program.steps, undo: [{ kind: "rollback" }] });
      const stored = await server.query("SELECT number FROM goods ORDER BY number");
      const label = JSON.stringify(program.steps);
      expect({ label, statuses: outcomes.map(({ status }) => status) }).toEqual({ label, statuses: program.statuses });
      expect({ label, stored: stored.map(({ number }) => Number(number)) }).toEqual({ label, stored: program.stored });
      expect({ label, state: connection.state }).toEqual({ label, state: program.state });
      await connection.send({ steps: [{ kind: "rollback" }] });
      expect(connection.isReusable).toBe(true);
      await connection.close();
      await server.query("TRUNCATE goods");
    }
  });
});
