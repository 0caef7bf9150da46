// What the page knows of the Worker's isolate.

import type { IsolateReport } from "../../worker/report.ts";
import { api } from "./api.ts";

const POLL_MS = 150;

/** Fires `change` whenever it was asked how it is. */
class Isolate extends EventTarget {
  report: IsolateReport | undefined;
  /** Why there is no report; `""` while that is not known. */
  absence = "";
  #watchers = 0;

  get isThere(): boolean {
    return this.report !== undefined;
  }

  /** Asks anew; never rejects. */
  async refresh(): Promise<void> {
    try {
      this.report = await api.stats();
      this.absence = "";
    } catch (error) {
      this.report = undefined;
      this.absence = error instanceof Error ? error.message : String(error);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Keeps asking while `work` is going on, and once when it is over. */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    if (++this.#watchers === 1) void this.#poll();
    try {
      return await work();
    } finally {
      this.#watchers--;
      await this.refresh();
    }
  }

  async #poll(): Promise<void> {
    while (this.#watchers > 0) {
      await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

export const isolate = new Isolate();
