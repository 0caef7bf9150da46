/* oxlint-disable typescript/await-thenable -- what is awaited is the point */

import { pages, sleep } from "./library.ts";
import type { Ambient, Scenario } from "./scenario.ts";

/** Every way out of a loop. */
async function leaveLoops({ get }: Ambient): Promise<unknown[]> {
  const seen: unknown[] = [];
  outer: for (let round = 0; round < 2; round++) {
    for await (const page of pages(3)) if (page === 1) continue outer;
  }
  seen.push(get());
  labelled: for await (const page of pages(3)) if (page > 0) break labelled;
  seen.push(get());
  try {
    for await (const page of pages(3)) throw new Error(`on purpose: ${page}`);
  } catch {
    seen.push(get());
  }
  for await (const value of [sleep(1), 2]) if (value === 2) seen.push(get());
  return seen;
}

export const iteration: readonly Scenario[] = [
  {
    name: "an async generator, and the loop over it",
    expected: ["A0", "A", "A1", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        async function* generate(): AsyncGenerator<string> {
          for (let step = 0; step < 2; step++) {
            await sleep(1);
            yield `${get()}${step}`;
          }
        }
        const seen: unknown[] = [];
        for await (const value of generate()) seen.push(value, get());
        return [...seen, get()];
      }),
  },
  {
    name: "a loop over a library's generator",
    expected: ["A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        for await (const page of pages(2)) seen[page] = get();
        return [...seen, get()];
      }),
  },
  {
    name: "every way out of a loop: continue, break, throw, end",
    expected: ["A", "A", "A", "A"],
    play: (on) => on.run("A", () => leaveLoops(on)),
  },
  {
    name: "a generator of another flow: who reads it keeps its own",
    expected: ["B", "B"],
    play({ run, get }) {
      async function* generate(): AsyncGenerator<number> {
        await sleep(1);
        yield 1;
        await 0;
        yield 2;
      }
      const generator = run("A", generate);
      return run("B", async () => {
        const seen: unknown[] = [];
        for await (const value of generator) seen[value - 1] = get();
        return seen;
      });
    },
  },
  {
    name: "Array.fromAsync, and a stream's reader",
    expected: ["A", "A"],
    isPossible: () => "fromAsync" in Array,
    play: ({ run, get }) =>
      run("A", async () => {
        await (Array as unknown as { fromAsync(source: unknown): Promise<unknown> }).fromAsync(pages(2));
        const seen = [get()];
        const stream = new ReadableStream({
          start(controller) {
            controller.enqueue(1);
            controller.close();
          },
        });
        await stream.getReader().read();
        return [...seen, get()];
      }),
  },
];
