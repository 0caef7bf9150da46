// What holds beside zone.js, whoever comes first: each order has a file, and so a process, of its own.

import { afterAll, expect, test } from "vitest";
import type { ZoneLike } from "../../../src/index.ts";

type Entry = typeof import("../../../src/carrier/runtime/index.ts");
type Seen = readonly unknown[];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Vitest compiles for an engine with `await`; what is awaited here is followed by callbacks alone.
const flow = (variable: { get(): unknown }, ms: number): Promise<Seen> => {
  const seen = [variable.get()];
  return sleep(ms)
    .then(() => seen.push(variable.get()))
    .then(() => new Promise<void>((resolve) => queueMicrotask(resolve)))
    .then(() => Promise.all([sleep(1), sleep(ms % 3)]))
    .then(() => seen.push(variable.get()))
    .then(() => seen);
};

/** @param load - brings zone.js and the run-time half, in the order of the file. */
export function zoneCases(load: () => Promise<Entry>): void {
  afterAll(async () => {
    const { unpatch } = await load();
    unpatch();
    const { page } = await import("../../../src/carrier/runtime/page.ts");
    expect(page.current).toBeUndefined();
  });

  test("callbacks have their own context, and their own zone", async () => {
    const { AsyncContext } = await load();
    const { Zone } = globalThis as unknown as { Zone: ZoneLike };
    const variable = new AsyncContext.Variable<number>();
    const zoneOf = (name: string): ReturnType<ZoneLike["current"]["fork"]> =>
      Zone.current.fork({ name, properties: { name } });
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        zoneOf(`zone ${index}`).run(() =>
          variable.run(index, () => flow(variable, index % 5)).then((seen) => [...seen, Zone.current.get("name")]),
        ),
      ),
    );
    expect(all).toEqual(Array.from({ length: 50 }, (_, index) => [index, index, index, `zone ${index}`]));
    expect(variable.get()).toBeUndefined();
  });

  test("what zone.js runs within a dispatched event has no context of the dispatcher", async () => {
    const { AsyncContext } = await load();
    const variable = new AsyncContext.Variable<string>();
    const seen: unknown[] = [];
    variable.run("warm-up", () => undefined);
    const target = new EventTarget();
    target.addEventListener("x", () => undefined);
    const asked = Promise.resolve().then(() => seen.push(["then", variable.get()]));
    queueMicrotask(() => seen.push(["microtask", variable.get()]));
    variable.run("dispatcher", () => target.dispatchEvent(new Event("x")));
    await asked;
    await sleep(1);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["then", undefined],
        ["microtask", undefined],
      ]),
    );
  });
}
