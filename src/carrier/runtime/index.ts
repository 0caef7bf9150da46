// isopool/browser-context: the session of here and now, in browsers.

import type { ContextProvider, Frame } from "../../contract/context.ts";
import { isCarried, isProduction } from "./build.ts";
import { keepable } from "./keep.ts";
import { page } from "./page.ts";
import { patch } from "./patches.ts";
import { nativeAsyncContext, runWith, Snapshot, Variable, type VariableOptions } from "./variable.ts";

export { unpatch } from "./patches.ts";
export type { Snapshot, Variable, VariableOptions };

const native = /* @__PURE__ */ nativeAsyncContext();

/** `AsyncContext` as proposed: the engine's own, where it has one. Source: https://tc39.es/proposal-async-context/ */
export const AsyncContext: { readonly Variable: typeof Variable; readonly Snapshot: typeof Snapshot } =
  /* @__PURE__ */ asyncContext();

// A call, so that a page that only wants sessions is spared what it does not use.
function asyncContext(): { readonly Variable: typeof Variable; readonly Snapshot: typeof Snapshot } {
  return native ?? { Variable, Snapshot };
}

export interface BrowserContextOptions {
  /** Told once, in development, when nothing was compiled by the plugin. `false`: on purpose. Default `console.warn`. */
  readonly warn?: ((message: string) => void) | false;
}

const WARNING = "isopool/vite compiled nothing here: await loses sessions. Intended? warn: false";

/**
 * Keeps the current session over `await` in browsers, which have nothing for it: with the plugin `isopool/vite` over every one.
 * Without it, over awaits of the database's own promises and of `keep(promise)`; past others no session is current, never a wrong one.
 */
export function browserContext({ warn = globalThis.console.warn }: BrowserContextOptions = {}): ContextProvider {
  const variable = native && new native.Variable<Frame | undefined>();
  // Its own key, and none of what a Variable can do besides.
  const key = {};
  if (!native) patch();
  return {
    name: "browserContext",
    absenceProves: false,
    get remedy() {
      return (isCarried ?? page.isTransformed)
        ? "begin one here (a listener has none)"
        : "build with isopool/vite or keep(promise)";
    },
    current: () => (variable ? variable.get() : (page.current?.get(key) as Frame | undefined)),
    run(frame, work) {
      if (!isProduction && warn && !isComplete() && !page.hasWarned) {
        page.hasWarned = true;
        warn(WARNING);
      }
      return variable ? variable.run(frame, work) : runWith(key, frame && { value: frame }, work, []);
    },
    carry: isCarried ? undefined : (promise) => (isComplete() ? promise : keepable(promise)),
  };
}

/**
 * The same promise, or a thenable as a promise, for an `await` that keeps the session where the plugin has not been: `await keep(fetch(url))`.
 *
 * @returns settles as `promise` does.
 */
export function keep<T>(promise: PromiseLike<T>): Promise<T> {
  const settled = Promise.resolve(promise);
  return isComplete() ? settled : keepable(settled.then((value) => value));
}

/** Whether contexts need no help to cross an await; nothing of this page is to be changed for that. */
function isComplete(): unknown {
  return isCarried ?? native ?? page.isTransformed ?? !page.undo;
}
