// How long an answer is waited for: its first part, behind a reset, and the whole.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { waitForAnswer } from "../../../src/adapters/postgres/answer-wait.ts";
import type { Answer } from "../../../src/adapters/postgres/pipeline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const FIRST_MS = 5_000;
const WHOLE_MS = 300_000;

/** Waits for an answer, and notes what was given up and why. */
function wait(firstMs: number, timeoutMs: number, signal?: AbortSignal) {
  let answer!: () => void;
  const running = { answer: new Promise<Answer>((resolve) => (answer = () => resolve([]))), hasBegun: false };
  const late: (string | undefined)[] = [];
  const ended = waitForAnswer(running, firstMs, timeoutMs, signal, (why) => {
    late.push(why);
    return why === undefined ? undefined : new Error(`no answer within ${why}`);
  }).catch((error: unknown) => error);
  return { running, late, ended, answer };
}

test("nothing of it comes: it is given up when the first part is late", async () => {
  const { late, ended } = wait(FIRST_MS, WHOLE_MS);
  vi.advanceTimersByTime(FIRST_MS - 1);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(late).toEqual(["5000 ms"]);
  expect(await ended).toEqual(new Error("no answer within 5000 ms"));
});

test("its first part has come: the rest may take as long as a whole one", async () => {
  const { running, late, ended } = wait(FIRST_MS, WHOLE_MS);
  running.hasBegun = true;
  vi.advanceTimersByTime(WHOLE_MS - 1);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(await ended).toEqual(new Error("no answer within 300000 ms: see `answerTimeoutMs`"));
});

test("without bounds it is waited for, until the signal ends it with its own reason", async () => {
  const given = new AbortController();
  const { late, ended } = wait(0, 0, given.signal);
  expect(vi.getTimerCount()).toBe(0);
  given.abort("enough");
  expect([await ended, late]).toEqual(["enough", [undefined]]);
});

test("an answer that is there is given up no more", async () => {
  const given = new AbortController();
  const { late, ended, answer } = wait(FIRST_MS, WHOLE_MS, given.signal);
  answer();
  expect(await ended).toEqual([]);
  given.abort();
  vi.advanceTimersByTime(2 * WHOLE_MS);
  expect(late).toEqual([]);
});
