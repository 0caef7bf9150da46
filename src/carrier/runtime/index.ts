// isopool/browser-context: the current session, in browsers.

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

// A call, so that pages that only use sessions do not load the rest.
function asyncContext(): { readonly Variable: typeof Variable; readonly Snapshot: typeof Snapshot } {
  return native ?? { Variable, Snapshot };
}

export interface BrowserContextOptions {
  /** Called once, in development, if the plugin compiled nothing. `false`: that is intended. Default `console.warn`. */
  readonly warn?: ((message: string) => void) | false;
}

const WARNING = "isopool/vite compiled nothing here: await loses sessions. Intended? warn: false";

/**
 * Keeps the current session over `await` in browsers, which cannot do so themselves: over every one with the plugin
 * `isopool/vite`. Without it, only over awaits of the database's own promises and of `keep(promise)`; after any other await no
 * session is current, never a wrong one.
 *
 * @example
 * const db = createDatabase("sqljs:shop", { adapters, context: browserContext() });
 */
export function browserContext({ warn = globalThis.console.warn }: BrowserContextOptions = {}): ContextProvider {
  const variable = native && new native.Variable<Frame | undefined>();
  // Its own key, without the rest of a Variable's features.
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
 * Makes an `await` keep the session in code that the plugin has not compiled: `await keep(fetch(url))`. Returns the same promise,
 * or a promise for a thenable.
 *
 * @returns settles as `promise` does.
 * @example
 * const response = await keep(fetch("/prices")); // The session is still current.
 */
export function keep<T>(promise: PromiseLike<T>): Promise<T> {
  const settled = Promise.resolve(promise);
  return isComplete() ? settled : keepable(settled.then((value) => value));
}

/** Whether contexts cross an await without help; then this page must not be patched. */
function isComplete(): unknown {
  return isCarried ?? native ?? page.isTransformed ?? !page.undo;
}
