// What calls back later is given its caller's context: promises, timers, locks. Events are not: what a user causes starts empty,
// and what code dispatches runs within its call. Source: https://github.com/tc39/proposal-async-context/blob/master/WEB-INTEGRATION.md

import { isCarried } from "./build.ts";
import { carried, find, inContext, Native } from "./carried.ts";
import { type Mapping, page } from "./page.ts";

type Callable = (...args: unknown[]) => unknown;
/** Makes what an argument list hands over carry `context`. */
type Carry = (args: unknown[], context: Mapping, self: unknown) => void;
type Target = readonly [holder: object | undefined, key: string, carry: Carry];

interface Globals {
  readonly LockManager?: { readonly prototype: object };
  readonly Scheduler?: { readonly prototype: object };
}

const schedulers = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "requestAnimationFrame",
  "requestIdleCallback",
  "queueMicrotask",
];

/** Patches the page, once: a second copy of this module finds it done. */
export function patch(): void {
  if (page.undo && page.promise === Promise) return;
  // zone.js came after us, and hides what was patched.
  unpatch();
  const undos: (() => void)[] = [];
  const undo = (): void => undos.forEach((each) => each());
  // With zone.js, callbacks may run within a call that has a context: who had none when asking must have none then.
  const isZoned = Promise !== Native;
  page.promise = Promise;
  page.undo = undo;
  if (!isCarried) page.isQuiet = false;
  for (const [holder, key, carry] of targets()) {
    replace(holder, key, undos, (original, self, args) => {
      const { current } = page;
      const isQuiet = isCarried || page.isQuiet;
      if (page.undo !== undo || !(isZoned || current)) return Reflect.apply(original, self, args);
      // What asks for a `constructor` in here is no await. See keep.ts: a build that is carried has no use for it.
      if (!isCarried) page.isQuiet = true;
      try {
        carry(args, current, self);
        return Reflect.apply(original, self, args);
      } finally {
        if (!isCarried) page.isQuiet = isQuiet;
      }
    });
  }
  // Dexie and others look for `[native code]`, and take what has none for a polyfill. In other realms, a proxy has it, too.
  replace(Function.prototype, "toString", undos, (original, self, args) =>
    Reflect.apply(original, originals.get(self as object) ?? self, args),
  );
}

/**
 * Takes the patches back: what is asked from now on is called with nobody current.
 *
 * @example
 * afterEach(() => unpatch());
 */
export function unpatch(): void {
  const { undo } = page;
  page.undo = undefined;
  if (!isCarried) page.isQuiet = true;
  undo?.();
}

function targets(): Target[] {
  const { LockManager, Scheduler } = globalThis as unknown as Globals;
  return [
    ...[...new Set([Native, Promise])].flatMap((each): Target[] => [
      [each.prototype, "then", toAll],
      // The engine's goes through then(), zone.js's does not.
      [each.prototype, "finally", toAll],
      [each, "resolve", toThenable],
    ]),
    ...schedulers.map((name): Target => [globalThis, name, toFirst]),
    [Scheduler?.prototype, "postTask", toAll],
    [LockManager?.prototype, "request", toAll],
  ];
}

/** What stands for a function, and the function: it gives its text. */
const originals = new WeakMap<object, Callable>();

type Call = (original: Callable, self: unknown, args: unknown[]) => unknown;

function replace(object: object | undefined, key: string, undos: (() => void)[], apply: Call): void {
  // A worker has its functions from a prototype.
  const [holder, before] = find(object, key);
  if (typeof before?.value !== "function") return;
  const original = before.value as Callable;
  // Name, length and properties are the original's, and it is no constructor where that is none.
  const patched = new Proxy(original, { apply });
  originals.set(patched, original);
  // Refused by what is frozen: then it stays as it is.
  Reflect.defineProperty(holder as object, key, { ...before, value: patched });
  // The last one first: where a page's own Promise inherits from the engine's, both find the same to patch.
  undos.unshift(() => {
    // Somebody may stand on our shoulders by now: then it stays, and does nothing.
    if ((holder as Record<string, unknown>)[key] === patched) Reflect.defineProperty(holder as object, key, before);
  });
}

// Functions among the rest are what the callback is called with.
function toFirst(args: unknown[], context: Mapping): void {
  const [callback] = args;
  if (typeof callback === "function")
    args[0] = function (this: unknown, ...values: unknown[]) {
      return inContext(context, callback as Callable, this, values);
    };
}

// What a callback returns settles a promise: a thenable among that is asked by the engine, later.
function toAll(args: unknown[], context: Mapping): void {
  args.forEach((callback, index) => {
    if (typeof callback === "function")
      args[index] = (...values: unknown[]) =>
        carried(inContext(context, callback as Callable, undefined, values), context);
  });
}

// Its own kind comes back as it is. Nothing else is asked for its constructor: the window of another origin would refuse.
function toThenable(args: unknown[], context: Mapping, self: unknown): void {
  const [value] = args;
  if (!(value instanceof (self as PromiseConstructor) && value.constructor === self)) args[0] = carried(value, context);
}
