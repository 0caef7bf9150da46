/* oxlint-disable typescript/await-thenable -- what is awaited is the point */

import { deferred, sleep } from "./library.ts";
import type { Ambient, Scenario } from "./scenario.ts";

/** What is seen three helpers deep. */
async function seenBelow({ get }: Ambient, index: number): Promise<unknown[]> {
  const third = async (): Promise<unknown[]> => {
    const seen = [get()];
    await sleep(index % 3);
    return [...seen, get()];
  };
  const second = async (): Promise<unknown[]> => {
    const seen = await third();
    await sleep((index * 3) % 4);
    return [...seen, get()];
  };
  await 0;
  const seen = await second();
  return [...seen, get()];
}

export const flows: readonly Scenario[] = [
  {
    name: "a hundred interleaved flows, three helpers deep",
    expected: "its own",
    async play(on) {
      const flow = async (index: number): Promise<unknown[]> => {
        const seen = [on.get()];
        for (let step = 0; step < 4; step++) {
          await sleep((index * 7 + step) % 5);
          seen.push(on.get());
        }
        return [...seen, ...((await seenBelow(on, index)) as string[]), on.get()];
      };
      const all = await Promise.all(Array.from({ length: 100 }, (_, index) => on.run(`${index}`, () => flow(index))));
      const isMixed = all.some((seen, index) => seen.some((each) => each !== null && each !== `${index}`));
      return isMixed ? "another's" : all.flat().includes(null) ? null : "its own";
    },
  },
  {
    name: "a flow begun inside of another, and awaited later",
    expected: ["out", "out", "in", "out"],
    play: ({ run, get }) =>
      run("out", async () => {
        const seen = [get()];
        const inner = run("in", async () => {
          await sleep(2);
          return get();
        });
        seen.push(get());
        seen.push(await inner);
        return [...seen, get()];
      }),
  },
  {
    name: "a flow begun inside of another, behind an await",
    expected: ["out", "in", "out"],
    play: ({ run, get }) =>
      run("out", async () => {
        await sleep(1);
        const seen = [get()];
        seen.push(
          await run("in", async () => {
            await sleep(1);
            return get();
          }),
        );
        return [...seen, get()];
      }),
  },
  {
    name: "what nobody awaits keeps its own",
    expected: ["A", null],
    async play({ run, get }) {
      const { promise, resolve } = deferred<string | null>();
      run("A", () => {
        void (async () => {
          await sleep(2);
          resolve(get());
        })();
      });
      const here = get();
      return [await promise, here];
    },
  },
  {
    name: "whoever starts a flow keeps its own",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const short = async (): Promise<void> => void (await 0);
        await short();
        void short();
        const seen = [get()];
        const catching = async (): Promise<void> => {
          try {
            throw new Error("on purpose");
          } catch {}
          await sleep(1);
        };
        void catching();
        return [...seen, get()];
      }),
  },
  {
    name: "no leak: code beside a flow that waits, and behind its end",
    expected: [null, null, null],
    async play({ run, get }) {
      const flow = run("leaked", async () => {
        await sleep(1);
        await sleep(12);
      });
      await sleep(6);
      const beside = get();
      const inTimer = await new Promise((resolve) => setTimeout(() => resolve(get()), 1));
      await flow;
      return [beside, inTimer, get()];
    },
  },
  {
    name: "no leak: a listener that the platform calls",
    expected: null,
    async play({ run, get }) {
      const { port1, port2 } = new MessageChannel();
      const { promise, resolve } = deferred<string | null>();
      port1.addEventListener("message", () => {
        port1.close();
        resolve(get());
      });
      port1.start();
      const flow = run("leaked", async () => {
        for (let step = 0; step < 30; step++) await sleep(0);
      });
      await sleep(2);
      port2.postMessage(1);
      const seen = await promise;
      await flow;
      return seen;
    },
    isPossible: () => typeof MessageChannel === "function",
  },
  {
    name: "no leak: other people's code between twenty flows",
    expected: 0,
    async play({ run, get }) {
      let leaks = 0;
      const bystander = async (): Promise<void> => {
        for (let step = 0; step < 20; step++) {
          await sleep(0);
          if (get() !== null) leaks++;
        }
      };
      const flow = async (): Promise<void> => {
        for (let step = 0; step < 5; step++) {
          await sleep(step % 2);
          await 0;
        }
      };
      await Promise.all([bystander(), ...Array.from({ length: 20 }, (_, index) => run(`${index}`, flow))]);
      return leaks;
    },
  },
];
