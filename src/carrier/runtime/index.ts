// isopool/browser-context: the session of here and now, in browsers.

import type { ContextProvider, Frame } from "../../contract/context.ts";
import { keepable } from "./keep.ts";
import { page } from "./page.ts";
import { nativeAsyncContext, Snapshot, Variable, type VariableOptions } from "./variable.ts";

export { unpatch } from "./patches.ts";
export type { Snapshot, Variable, VariableOptions };

const native = nativeAsyncContext();

/** `AsyncContext` as proposed: the engine's own, where it has one. Source: https://tc39.es/proposal-async-context/ */
export const AsyncContext: { readonly Variable: typeof Variable; readonly Snapshot: typeof Snapshot } = native ?? {
  Variable,
  Snapshot,
};

export interface BrowserContextOptions {
  /** Told once, when code runs that the plugin has not compiled. `false`: on purpose. Default `console.warn`, in no production build of Vite's. */
  readonly warn?: ((message: string) => void) | false;
}

const isProduction = (import.meta as { env?: { PROD?: boolean } }).env?.PROD;

const warning =
  'isopool: browserContext() runs without its compile-time half. Add isopool() from "isopool/vite" to `plugins` and `worker.plugins` of your ' +
  "Vite config. Until then a session is lost at every await but those of its own queries and of keep(promise): what comes behind fails with " +
  "SESSION_REQUIRED. If that is meant: browserContext({ warn: false }).";

/**
 * Keeps the current session over `await` in browsers, which have nothing for it: with the plugin `isopool/vite` over every one.
 * Without it, over awaits of the database's own promises and of `keep(promise)`; past others no session is current, never a wrong one.
 */
export function browserContext({
  warn = !isProduction && ((message) => globalThis.console.warn(message)),
}: BrowserContextOptions = {}): ContextProvider {
  const variable = new AsyncContext.Variable<Frame | undefined>({ name: "isopool" });
  return {
    name: "browserContext",
    absenceProves: false,
    remedy: 'compile with isopool() from "isopool/vite", or await keep(promise)',
    current: () => variable.get(),
    run(frame, work) {
      if (warn && !isComplete() && !page.hasWarned) {
        page.hasWarned = true;
        warn(warning);
      }
      return variable.run(frame, work);
    },
    carry: (promise) => (isComplete() ? promise : keepable(promise)),
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
function isComplete(): boolean {
  return Boolean(native ?? page.isTransformed) || !page.undo;
}
