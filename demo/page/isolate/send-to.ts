// Requests to a Worker from elsewhere on the page: its lanes come onto the one timeline.

import type { IsolateReport } from "../../worker/report.ts";
import { timeline } from "../sessions/timeline.ts";
import type { BurstAnswer, ShopDatabase } from "./api.ts";
import { recorded } from "./recorded.ts";
import { toTracks } from "./tracks.ts";

const LIST = "/api/products?limit=5";

/** Shows what an isolate's requests have done, beside all else. */
export function showRequests({ name }: ShopDatabase, { latest }: IsolateReport): void {
  // Without what stands in brackets: lanes are narrow.
  const place = `Worker, ${name.replace(/ \(.*/, "")}`;
  timeline.show(place, toTracks(latest, place, -performance.timeOrigin));
}

/** Sends so many at once; where no Worker is served, a run that was recorded is shown in its place. @returns what came of it, in words. */
export async function sendTo(database: ShopDatabase, count: number): Promise<string> {
  const burst = new URLSearchParams({ count: String(count), path: LIST });
  const begun = performance.now();
  const answer = await ask<{ answers: BurstAnswer[] }>(database, `burst?${burst}`, "POST");
  const report = answer && (await ask<IsolateReport>(database, "api/stats", "GET"));
  if (!report) return showRecorded(database, begun);
  showRequests(database, report);
  const failed = answer.answers.filter(({ status }) => status !== 200).length;
  return failed === 0 ? `${count} requests` : `${count} requests, of which ${failed} failed`;
}

function showRecorded({ name }: ShopDatabase, begun: number): string {
  const place = `${name}, recorded`;
  const { latest } = recorded.report;
  const shown = latest.slice(-20);
  const first = Math.min(...shown.map(({ at }) => at));
  timeline.show(place, toTracks(shown, place, begun - first));
  return `a run that was recorded ${recorded.on}, as no Worker is served here`;
}

/** @returns `undefined`: there is none. */
async function ask<T>({ base }: ShopDatabase, path: string, method: "GET" | "POST"): Promise<T | undefined> {
  const response = await fetch(new URL(base + path, document.baseURI), { method });
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return response.ok && isJson ? ((await response.json()) as T) : undefined;
}
