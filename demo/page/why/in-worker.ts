// The same contest in a real isolate: where the page's server has a Worker on PostgreSQL; elsewhere what was recorded of one.

import type { ContestBooks } from "../../worker/report.ts";
import { type BurstAnswer, databases } from "../isolate/api.ts";
import { type Counts, NO_COUNTS } from "./play.ts";
import text from "./recorded.json?raw";

export const ORDERS = 24;
const DECLINED = 6;

export interface Played {
  readonly counts: Counts;
  readonly isRunning: boolean;
  readonly isOver: boolean;
  readonly problem: string;
}

const NOT_YET: Played = { counts: NO_COUNTS, isRunning: false, isOver: false, problem: "" };

/** Fires `change`. */
export class WorkerContest extends EventTarget {
  usual: Played = NOT_YET;
  ours: Played = NOT_YET;
  /** When it was recorded; `""`: it is live. */
  recordedOn = "";

  get isRunning(): boolean {
    return this.usual.isRunning || this.ours.isRunning;
  }

  async play(): Promise<void> {
    if (this.isRunning) return;
    this.recordedOn = "";
    this.usual = this.ours = { ...NOT_YET, isRunning: true };
    this.#tell();
    try {
      await ask("api/contest", "POST");
      // At once, in the same isolate.
      await Promise.all([this.#side("usual"), this.#side("ours")]);
    } catch (error) {
      if (error instanceof Absent) this.#showRecorded();
      else this.usual = this.ours = { ...NOT_YET, problem: error instanceof Error ? error.message : String(error) };
    }
    this.#tell();
  }

  async #side(side: "usual" | "ours"): Promise<void> {
    const path = `/api/contest/${side}?${new URLSearchParams({ declined: String(DECLINED) })}&customer={n}`;
    const burst = new URLSearchParams({ count: String(ORDERS), method: "POST", path });
    const { answers } = await ask<{ answers: BurstAnswer[] }>(`burst?${burst}`, "POST");
    const books = await ask<ContestBooks>(`api/contest/${side}`, "GET");
    this[side] = { ...NOT_YET, counts: countsOf(answers, books), isOver: true };
    this.#tell();
  }

  #showRecorded(): void {
    const recorded = JSON.parse(text) as { on: string; usual: Counts; ours: Counts };
    this.recordedOn = recorded.on;
    for (const side of ["usual", "ours"] as const) this[side] = { ...NOT_YET, counts: recorded[side], isOver: true };
  }

  #tell(): void {
    this.dispatchEvent(new Event("change"));
  }
}

function countsOf(answers: readonly BurstAnswer[], { madeUpCents, placed, leaked }: ContestBooks): Counts {
  const inBooks = new Map(placed);
  const counts: { -readonly [Name in keyof Counts]: number } = {
    ...NO_COUNTS,
    tried: answers.length,
    madeUpCents,
    leaked,
  };
  const add = (name: "confirmed" | "declined" | "silent" | "failed" | "lost" | "dirty"): number => counts[name]++;
  for (const [at, { status }] of answers.entries()) {
    const orders = inBooks.get(at + 1) ?? 0;
    const isConfirmed = status === 201;
    if (isConfirmed) add("confirmed");
    // Whose card is no good is to be refused, for whatever reason.
    else if ((at + 1) % DECLINED === 0) add("declined");
    else add(status === 0 ? "silent" : "failed");
    if (isConfirmed && orders === 0) add("lost");
    if (orders > (isConfirmed ? 1 : 0)) add("dirty");
  }
  return counts;
}

/** No Worker is served beside these files. */
class Absent extends Error {}

async function ask<T>(path: string, method: "GET" | "POST"): Promise<T> {
  const response = await fetch(new URL(databases.neon.base + path, document.baseURI), { method });
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  if (!isJson) throw new Absent();
  const body = (await response.json()) as T & { error?: string };
  if (!response.ok) throw new Error(body.error);
  return body;
}
