/* oxlint-disable typescript/await-thenable -- what is awaited is the point */

import { deferred, sleep } from "./library.ts";
import type { Scenario } from "./scenario.ts";

export const awaits: readonly Scenario[] = [
  {
    name: "nested calls, and one that throws",
    expected: ["a", "b", "a", null],
    play({ run, get }) {
      const inside = run("a", () => {
        const seen = [get()];
        try {
          run("b", () => {
            seen.push(get());
            throw new Error("on purpose");
          });
        } catch {}
        return [...seen, get()];
      });
      return [...inside, get()];
    },
  },
  {
    name: "await of a value that is no promise",
    expected: ["A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen = [get()];
        await null;
        seen.push(get());
        await 5;
        return [...seen, get()];
      }),
  },
  {
    name: "await of a timer's promise",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const before = get();
        await sleep(1);
        return [before, get()];
      }),
  },
  {
    name: "await that is rejected: catch, finally, and after",
    expected: ["A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        try {
          await sleep(1).then(() => Promise.reject(new Error("on purpose")));
        } catch {
          seen.push(get());
        } finally {
          seen.push(get());
        }
        return [...seen, get()];
      }),
  },
  {
    name: "await of what was rejected before",
    expected: "A",
    play: ({ run, get }) =>
      run("A", async () => {
        try {
          await Promise.reject(new Error("on purpose"));
        } catch {
          return get();
        }
        return "not rejected";
      }),
  },
  {
    name: "await in a finally, behind a return",
    expected: ["value", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        const returning = async (): Promise<string> => {
          try {
            await 0;
            return "value";
          } finally {
            await 0;
            seen.push(get());
          }
        };
        const value = await returning();
        return [value, ...seen, get()];
      }),
  },
  {
    name: "await in the arguments of what is awaited",
    expected: ["A", "A", 3],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        const next = async (value: number): Promise<number> => {
          await 0;
          seen.push(get());
          return value + 1;
        };
        const value = await next(await next(1));
        return [...seen, value];
      }),
  },
  {
    name: "Promise.all, race and allSettled",
    expected: ["A", "A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const later = async (): Promise<string | null> => {
          await sleep(1);
          return get();
        };
        const [first] = await Promise.all([later(), later()]);
        const second = await Promise.race([later(), later()]);
        const [third] = await Promise.allSettled([later()]);
        return [first, second, third.status === "fulfilled" && third.value, get()];
      }),
  },
  {
    name: "a promise that somebody else settles",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const { promise, resolve } = deferred<undefined>();
        run("B", () => setTimeout(resolve, 1));
        await promise;
        const seen = [get()];
        await Promise.resolve(run("B", async () => void (await 0)));
        return [...seen, get()];
      }),
  },
  {
    name: "methods, statics, private ones, getters, fields",
    expected: ["A", "A", "A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const later = async (): Promise<string | null> => {
          await sleep(1);
          return get();
        };
        class Kinds {
          field = async (): Promise<string | null> => (await sleep(1), get());
          static async ofClass(): Promise<string | null> {
            await sleep(1);
            return get();
          }
          async method(): Promise<string | null> {
            await sleep(1);
            return get();
          }
          async #hidden(): Promise<string | null> {
            await sleep(1);
            return get();
          }
          shown(): Promise<string | null> {
            return this.#hidden();
          }
          get getter(): Promise<string | null> {
            return later();
          }
        }
        const kinds = new Kinds();
        return [
          await kinds.method(),
          await Kinds.ofClass(),
          await kinds.shown(),
          await kinds.getter,
          await kinds.field(),
        ];
      }),
  },
  {
    name: "an async function as a default value",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const later = async (): Promise<string | null> => (await sleep(1), get());
        const taking = async (value: Promise<string | null> = later()): Promise<unknown[]> => [await value, get()];
        return taking();
      }),
  },
];
