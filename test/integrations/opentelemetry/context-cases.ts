// What OpenTelemetry's own tests ask of a context manager, and what an application does besides. Compiled by the plugin, and
// played in Chromium and in Node.
//
// From the tests of its AsyncHooks-, AsyncLocalStorage- and ZoneContextManager: enable() and disable(); with() and its context,
// receiver, arguments, result and errors, nested, async, behind timers, for three actions at a time; bind() of functions, of
// emitters and of EventTargets, which events dispatched inside pass on; two managers that do not see one another; and that with()
// and bind() work before enable(). Not done: after disable(), the Zone manager gives the root to with() and bind(), where the others
// (and this one) give the context; and `attach()`, which only the AsyncLocalStorage manager has.

import * as api from "@opentelemetry/api";
import { AsyncContext } from "../../../src/carrier/runtime/index.ts";
import { contextManager } from "../../../src/integrations/opentelemetry/context-manager.ts";

const key = api.createContextKey("a key");
const one = api.ROOT_CONTEXT.setValue(key, 1);
const two = api.ROOT_CONTEXT.setValue(key, 2);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function is(got: unknown, wanted: unknown, what = ""): void {
  if (got !== wanted) throw new Error(`${what}: expected ${String(wanted)}, got ${String(got)}`);
}

type Manager = api.ContextManager;
const make = (): Manager => contextManager(api, AsyncContext).enable();

const CASES: Readonly<Record<string, (manager: Manager) => unknown>> = {
  "enable() and disable() return the manager, and nothing is active in between": (manager) => {
    is(manager.enable(), manager);
    is(manager.disable(), manager);
    manager.enable();
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "disable() takes the context away, also inside": (manager) => {
    manager.with(one, () => {
      is(manager.active(), one);
      manager.disable();
      is(manager.active(), api.ROOT_CONTEXT);
    });
    manager.enable();
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "with() runs the callback with its context, receiver and arguments": (manager) => {
    const self = { name: "self" };
    const result = manager.with(
      one,
      function (this: unknown, a: number, b: number) {
        is(this, self, "this");
        is(manager.active(), one);
        return a + b;
      },
      self,
      2,
      3,
    );
    is(result, 5);
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "with() without a context is that of the root": (manager) => {
    manager.with(one, () => manager.with(null as never, () => is(manager.active(), api.ROOT_CONTEXT)));
  },
  "with() rethrows, and restores what was there": (manager) => {
    manager.with(one, () => {
      try {
        manager.with(two, () => {
          throw new Error("on purpose");
        });
        is(true, false, "thrown");
      } catch (error) {
        is((error as Error).message, "on purpose");
      }
      is(manager.active(), one);
    });
  },
  "with() nests": (manager) => {
    manager.with(one, () => {
      manager.with(two, () => is(manager.active(), two));
      is(manager.active(), one);
    });
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "an async callback keeps its context over every await, and rejects as it does": async (manager) => {
    const result = await manager.with(one, async () => {
      is(manager.active(), one);
      await sleep(1);
      is(manager.active(), one, "behind a timer");
      await manager.with(two, async () => {
        await sleep(1);
        is(manager.active(), two, "inside");
      });
      is(manager.active(), one, "behind the inner one");
      return "done";
    });
    is(result, "done");
    is(manager.active(), api.ROOT_CONTEXT);
    const failed = manager.with(one, async () => {
      await sleep(1);
      throw new Error("on purpose");
    });
    is(await failed.catch((error: Error) => error.message), "on purpose");
  },
  "what starts in it runs in it: timers, microtasks, promises": async (manager) => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(manager.active().getValue(key));
    await manager.with(one, async () => {
      setTimeout(look, 0);
      queueMicrotask(look);
      void Promise.resolve().then(look);
      void Promise.reject(new Error("on purpose")).catch(look);
      await sleep(10);
    });
    is(seen.join(), "1,1,1,1");
  },
  "flows at the same time do not meet": async (manager) => {
    const flow = (context: api.Context, ms: number): Promise<void> =>
      manager.with(context, async () => {
        for (let round = 0; round < 5; round++) {
          await sleep(ms);
          is(manager.active(), context);
        }
      });
    await Promise.all([flow(one, 1), flow(two, 2), flow(one, 0)]);
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "generators and for await keep it": async (manager) => {
    async function* numbers(): AsyncGenerator {
      for (let at = 0; at < 3; at++) {
        await sleep(0);
        yield manager.active().getValue(key);
      }
    }
    await manager.with(one, async () => {
      for await (const value of numbers()) is(value, 1);
      is(manager.active(), one);
    });
  },
  "bind() returns what it cannot bind": (manager) => {
    for (const target of ["text", 7, undefined, null, { a: 1 }]) is(manager.bind(one, target), target);
  },
  "bind() makes a function run in its context, with its receiver, arguments and length": async (manager) => {
    const self = {
      sum: manager.bind(one, function (this: unknown, a: number, b: number) {
        is(this, self);
        is(manager.active(), one);
        return a + b;
      }),
    };
    is(self.sum.length, 2);
    is(
      manager.with(two, () => self.sum(2, 3)),
      5,
    );
    const later = manager.bind(one, async () => {
      await sleep(1);
      return manager.active();
    });
    is(await manager.with(two, later), one);
  },
  "bind() makes the listeners of an EventTarget run in its context, and they can be removed": (manager) => {
    const target = new EventTarget();
    is(manager.bind(one, target), target);
    is(manager.bind(two, target), target, "twice");
    let calls = 0;
    const listener = (): void => {
      is(manager.active(), one);
      calls++;
    };
    const object = { handleEvent: listener };
    target.addEventListener("a", listener);
    target.addEventListener("a", object);
    manager.with(two, () => target.dispatchEvent(new Event("a")));
    is(calls, 2);
    target.removeEventListener("a", listener);
    target.removeEventListener("a", object);
    target.dispatchEvent(new Event("a"));
    is(calls, 2, "removed");
    target.addEventListener("b", listener, { once: true });
    target.dispatchEvent(new Event("b"));
    target.dispatchEvent(new Event("b"));
    is(calls, 3, "once");
  },
  "what is dispatched in a listener, and set up there, keeps its context": async (manager) => {
    const outer = new EventTarget();
    manager.bind(one, outer);
    const seen: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      outer.addEventListener("a", () => {
        setTimeout(() => {
          const inner = new EventTarget();
          inner.addEventListener("b", () => {
            seen.push(manager.active());
            setTimeout(() => {
              seen.push(manager.active());
              resolve();
            }, 1);
          });
          inner.dispatchEvent(new Event("b"));
        }, 1);
      });
    });
    outer.dispatchEvent(new Event("a"));
    await done;
    is(seen.length, 2);
    for (const active of seen) is(active, one);
  },
  "an inner callback that nobody waits for changes nothing outside of it": async (manager) => {
    await manager.with(one, async () => {
      const inner = manager.with(two, async () => {
        await sleep(2);
        is(manager.active(), two);
      });
      is(manager.active(), one);
      await sleep(0);
      is(manager.active(), one);
      await inner.then(() => is(manager.active(), one));
    });
  },
  "with() and bind() work before enable()": (manager) => {
    manager.disable();
    manager.with(one, () => is(manager.active(), one));
    manager.bind(two, () => is(manager.active(), two))();
    is(manager.active(), api.ROOT_CONTEXT);
  },
  "two managers do not see one another": (manager) => {
    const other = make();
    let calls = 0;
    const look = (): void => {
      is(manager.active(), one);
      is(other.active(), two);
      calls++;
    };
    manager.with(one, () => {
      is(other.active(), api.ROOT_CONTEXT);
      other.with(two, look);
    });
    other.bind(two, manager.bind(one, look))();
    const target = other.bind(two, manager.bind(one, new EventTarget()));
    target.addEventListener("a", look);
    target.dispatchEvent(new Event("a"));
    target.removeEventListener("a", look);
    target.dispatchEvent(new Event("a"));
    is(calls, 3);
    other.disable();
  },
  "the API finds the active span": async () => {
    api.context.setGlobalContextManager(make());
    try {
      const span = api.trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
      await api.context.with(api.trace.setSpan(api.context.active(), span), async () => {
        await sleep(1);
        is(api.trace.getActiveSpan(), span);
      });
      is(api.trace.getActiveSpan(), undefined);
    } finally {
      api.context.disable();
    }
  },
};

export const names = Object.keys(CASES);

/** What failed, by the name of its case. */
export async function play(): Promise<{ readonly played: number; readonly failed: Record<string, string> }> {
  const failed: Record<string, string> = {};
  let played = 0;
  for (const [name, work] of Object.entries(CASES)) {
    const manager = make();
    try {
      await work(manager);
    } catch (error) {
      failed[name] = String(error);
    }
    manager.disable();
    played++;
  }
  return { played, failed };
}
