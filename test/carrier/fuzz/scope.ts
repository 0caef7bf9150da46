// What random programs call: promises and iterables of every kind, all of which probe where they are called.

import { seeded } from "../../kit/seeded.ts";

export interface Scope extends Record<string, unknown> {
  /** Tasks that are still to come. */
  pending(): number;
}

/**
 * @param probe - called by the programs, and from within the engine's calls into what this makes.
 * @param watch - called at the end of each task.
 */
export function programScope(seed: number, probe: (place: number | string) => unknown, watch: () => void): Scope {
  const random = seeded(seed);
  let pending = 0;
  // In the order in which they were asked for: a run replays.
  const later = (work: () => void): void => {
    pending++;
    setImmediate(() => {
      pending--;
      work();
      watch();
    });
  };
  const task = (): Promise<number> => new Promise((resolve) => later(() => resolve(1)));
  class Subclass extends Promise<number> {
    // oxlint-disable-next-line unicorn/no-thenable -- it is one on purpose
    override then: Promise<number>["then"] = (...handlers) => {
      probe("then of a subclass");
      return Promise.prototype.then.apply(this, handlers) as never;
    };
  }
  const thenable = (): object => ({
    // oxlint-disable-next-line unicorn/no-thenable -- it is one on purpose
    then(resolve: (value: number) => void) {
      probe("then");
      if (random() < 0.5) resolve(1);
      else later(() => resolve(2));
    },
  });
  const promises = {
    tick: async () => 1,
    resolved: () => Promise.resolve(1),
    timer: task,
    late: () => task().then(task),
    rejected: () =>
      random() < 0.5 ? Promise.reject(new Error("on purpose")) : task().then(() => Promise.reject(new Error())),
    subclass: () => new Subclass((resolve) => later(() => resolve(1))),
    thenable,
  };
  return {
    ...promises,
    ...iterables(probe, promises.timer),
    ...resources(probe, promises.timer),
    p: probe,
    see: (value: unknown) => value,
    chance: () => random() < 0.25,
    pending: () => pending,
  };
}

function iterables(probe: (place: string) => unknown, task: () => Promise<number>): Record<string, unknown> {
  const source = (): object => {
    let left = 3;
    return {
      [Symbol.asyncIterator]() {
        probe("asyncIterator");
        return this;
      },
      async next() {
        probe("next");
        if (left % 2 === 0) await task();
        return { done: left-- <= 0, value: { a: undefined } };
      },
      async return(value: unknown) {
        probe("return");
        await task();
        return { done: true, value };
      },
    };
  };
  const bare = (): object => {
    let left = 2;
    return { [Symbol.asyncIterator]: () => ({ next: () => (probe("next"), { done: left-- <= 0, value: task() }) }) };
  };
  // Closed by the engine, when a loop or a destructuring ends early.
  const closing = (isList = false) => {
    let left = 3;
    return {
      [Symbol.iterator]: () => ({
        next: () => (probe("next of a sync iterator"), { done: left-- <= 0, value: isList ? [] : undefined }),
        return: () => (probe("return of a sync iterator"), { done: true, value: undefined }),
      }),
    };
  };
  return { source, bare, closing };
}

function resources(probe: (place: string) => unknown, task: () => Promise<number>): Record<string, unknown> {
  return {
    resource: () => ({ [Symbol.dispose]: () => void probe("dispose") }),
    asyncResource: () => ({
      [Symbol.asyncDispose]: () => {
        probe("asyncDispose");
        return task();
      },
    }),
  };
}
