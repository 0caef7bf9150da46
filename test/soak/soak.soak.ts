// Promise: memory, timers and handles of a process, and of a Worker's isolate, stay what they are, however long they work.

import { expect, test } from "vitest";
import type { Outcome, Plant } from "./bounds.ts";
import { soakNode, soakVirtually } from "./node.ts";
import { soakWorkerd } from "./workerd.ts";

const SAMPLES = 30;
const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 10);
/** A mistake to be found: all of this fails then. */
const plant = process.env["SOAK_PLANT"] as Plant | undefined;

function isFlat({ report, broken }: Outcome): void {
  console.log(report);
  expect(broken).toEqual([]);
}

/** For so many minutes, measured at even times. */
function inTime(): [isOver: () => boolean, isDue: () => boolean] {
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  let nextMs = 0;
  const isDue = (): boolean => {
    if (elapsedMs() < nextMs) return false;
    nextMs += (MINUTES * 60_000) / SAMPLES;
    return true;
  };
  return [() => elapsedMs() >= MINUTES * 60_000, isDue];
}

test("an hour of virtual time", async () => isFlat(await soakVirtually(3_600, plant)));

test(`${MINUTES} real minutes on libSQL, Neon and PostgreSQL`, async () => isFlat(await soakNode(...inTime(), plant)));

test(`${MINUTES} real minutes in one isolate, on libSQL and Neon`, async () =>
  isFlat(await soakWorkerd(...inTime(), plant)));
