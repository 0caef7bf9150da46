import { LazyQuery, mapLimit, retry, sleep } from "./library.ts";
import type { Scenario } from "./scenario.ts";

export const callbacks: readonly Scenario[] = [
  {
    name: "callbacks of then, catch and finally",
    expected: ["A", "A", "A"],
    play: ({ run, get }) =>
      run("A", () => {
        const seen: unknown[] = [];
        return sleep(1)
          .then(() => {
            seen.push(get());
            throw new Error("on purpose");
          })
          .catch(() => seen.push(get()))
          .finally(() => seen.push(get()))
          .then(() => seen);
      }),
  },
  {
    name: "a callback of then that awaits",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", () =>
        sleep(1).then(async () => {
          const before = get();
          await sleep(1);
          return [before, get()];
        }),
      ),
  },
  {
    name: "callbacks of setTimeout and queueMicrotask",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", () =>
        Promise.all([
          new Promise((resolve) => setTimeout(() => resolve(get()), 1)),
          new Promise((resolve) => queueMicrotask(() => resolve(get()))),
        ]),
      ),
  },
  {
    name: "a library that calls back behind its own awaits: retry",
    expected: ["A", "A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        await retry(async (attempt) => {
          seen.push(get());
          if (attempt < 2) throw new Error("on purpose");
          await sleep(1);
        });
        return [...seen, get()];
      }),
  },
  {
    name: "a library that calls back behind its own awaits: a pool of workers",
    expected: ["A", "A", "A", "A", "A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        const seen = await mapLimit([1, 2, 3, 4, 5], 2, async () => {
          await sleep(1);
          return get();
        });
        return [...seen, get()];
      }),
  },
  {
    name: "a lazy query that is awaited",
    expected: "A",
    play: ({ run, get }) =>
      run("A", async () => {
        await sleep(1);
        const rows = await new LazyQuery(get);
        return rows;
      }),
  },
  {
    name: "a lazy query that is returned",
    expected: "A",
    play: ({ run, get }) =>
      run("A", async () => {
        await sleep(1);
        return new LazyQuery(get);
      }),
  },
  {
    name: "lazy queries in Promise.all",
    expected: ["A", "A"],
    play: ({ run, get }) =>
      run("A", async () => {
        await sleep(1);
        return Promise.all([new LazyQuery(get), new LazyQuery(get)]);
      }),
  },
  {
    name: "a lock of the Web Locks API",
    expected: ["A", "A", "A"],
    isPossible: () => "LockManager" in globalThis && isSecureContext,
    play: ({ run, get }) =>
      run("A", async () => {
        const seen: unknown[] = [];
        await navigator.locks.request("scenario", async () => {
          seen.push(get());
          await sleep(1);
          seen.push(get());
        });
        return [...seen, get()];
      }),
  },
];
