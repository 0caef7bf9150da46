// What the page knows of the Worker's isolate.

import type { IsolateReport } from "../../worker/report.ts";
import { showRequests } from "./send-to.ts";
import { api, ApiError, type ShopDatabase } from "./api.ts";

const POLL_MS = 150;

/** Fires `change` whenever it was asked how it is. */
class Isolate extends EventTarget {
  report: IsolateReport | undefined;
  /** Why there is no report; `""` while that is not known. */
  absence = "";
  /** Whether there is a Worker on some database: where the page is served as files alone, there is none on any. */
  isServed = false;
  #watchers = 0;

  get isThere(): boolean {
    return this.report !== undefined;
  }

  /** Asks anew; never rejects. */
  async refresh(): Promise<void> {
    const { database } = api;
    let [report, absence]: [IsolateReport | undefined, string] = [undefined, ""];
    try {
      report = await api.stats();
      this.isServed = true;
    } catch (error) {
      absence = error instanceof Error ? error.message : String(error);
      this.isServed ||= error instanceof ApiError && error.status !== 404;
    }
    // What comes late tells of another isolate.
    if (api.database !== database) return;
    this.report = report;
    this.absence = absence;
    if (report) showRequests(database, report);
    this.dispatchEvent(new Event("change"));
  }

  /** Turns to the isolate that runs on that database. */
  async choose(database: ShopDatabase): Promise<void> {
    if (api.database === database) return;
    api.database = database;
    this.report = undefined;
    this.absence = "";
    await this.refresh();
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
