import { checkFunction } from "../pool/options.ts";
import type { Scope } from "./scope.ts";

/** Runs after the outermost settle, with no session bound. */
export type SettleCallback = () => unknown;

/** The `onCommit` and `onRollback` callbacks of a session. */
export class Callbacks {
  #waiting: { readonly scope: Scope; readonly fate: "kept" | "undone"; readonly call: SettleCallback }[] = [];
  #due: SettleCallback[] = [];

  /** @throws TypeError where there is nothing to call: found at the end, it would look like a failure of what is kept. */
  add(scope: Scope, fate: "kept" | "undone", call: SettleCallback): void {
    checkFunction(call, "the callback");
    this.#waiting.push({ scope, fate, call });
  }

  /** The fate of what was done within a scope is known: its callbacks for that are due, its others are dropped. */
  decide(scope: Scope, fate: "kept" | "undone" | "unknown"): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((callback) => {
      // In a commit of the session, a part that goes on has not said yet what becomes of it.
      const isOpen = fate === "kept" && callback.scope !== scope && callback.scope.stage === "open";
      const isMeant = scope.holds(callback.scope) && !isOpen;
      if (isMeant && callback.fate === fate) this.#due.push(callback.call);
      return !isMeant;
    });
  }

  /** Those that are due, once. */
  take(): SettleCallback[] {
    return this.#due.length > 0 ? this.#due.splice(0) : [];
  }
}
