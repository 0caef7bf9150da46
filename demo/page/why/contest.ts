// Both sides at once, as the page knows them.

import { type Fault, type FromSide, type Setting, type Side, type ToSide } from "./messages.ts";
import { type Counts, NO_COUNTS } from "./play.ts";
import type { RoundTrip } from "./server.ts";

/** Fires `change` when there is news of it. */
export class Contestant extends EventTarget {
  counts: Counts = NO_COUNTS;
  /** All rounds since the last change of the settings. */
  total: Counts = NO_COUNTS;
  alone: readonly RoundTrip[] = [];
  isRunning = false;
  isOver = false;
  problem = "";
  #worker: Worker | undefined;

  /** Begins a round, on a server of its own. @param faults - what breaks in it. */
  play(side: Side, setting: Setting, faults: readonly Fault[]): void {
    this.stop();
    this.isRunning = true;
    this.isOver = false;
    this.counts = NO_COUNTS;
    this.problem = "";
    this.#worker = new Worker(new URL("./side.worker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromSide>) => this.#hear(data));
    this.#worker.addEventListener("error", ({ message }) => this.#fail(message || "A worker could not be loaded."));
    this.#worker.postMessage({ side, setting, faults } satisfies ToSide, []);
    this.#tell();
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.isRunning = false;
  }

  #hear(news: FromSide): void {
    if (news.type === "problem") return this.#fail(news.message);
    if (news.type === "alone")
      this.alone = news.roundTrips.map((trip) => ({ ...trip, from: trip.from - news.from, to: trip.to - news.from }));
    else {
      this.counts = news.counts;
      if (news.isOver) {
        this.isOver = true;
        this.total = add(this.total, news.counts);
        this.stop();
      }
    }
    this.#tell();
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.stop();
    this.#tell();
  }

  #tell(): void {
    this.dispatchEvent(new Event("change"));
  }
}

function add(one: Counts, other: Counts): Counts {
  const names = Object.keys(one) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as unknown as Counts;
}
