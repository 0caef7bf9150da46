// What calls back later is given its caller's context: promises, timers, locks. Events are not: what a user causes starts empty,
// and what code dispatches runs within its call. Source: https://github.com/tc39/proposal-async-context/blob/master/WEB-INTEGRATION.md

import { carried, inContext } from "./carried.ts";
import { quietly } from "./keep.ts";
import { type Mapping, page } from "./page.ts";

type Callable = (...args: unknown[]) => unknown;
/** Calls `original` as it was called, with what it is handed carrying `context`. */
type Carry = (original: Callable, self: unknown, args: unknown[], context: Mapping) => unknown;

interface Globals {
  readonly LockManager?: { readonly prototype: object };
  readonly Scheduler?: { readonly prototype: object };
}

const schedulers = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "requestAnimationFrame",
  "requestIdleCallback",
];

/** Patches the page, once: a second copy of this module finds it done. */
export function patch(): void {
  if (page.undo && page.promise === Promise) return;
  // zone.js came after us, and hides what was patched.
  page.undo?.();
  const native = (async () => undefined)().constructor as PromiseConstructor;
  const classes = new Set([native, Promise]);
  // With zone.js, callbacks may run within a call that has a context: who had none when asking must have none then.
  const patches = new Patches(classes.size > 1);
  for (const each of classes) patches.add(each.prototype, "then", settling).add(each, "resolve", resolving);
  for (const name of schedulers) patches.add(globalThis, name, (...call) => wrapping(0, ...call));
  const { LockManager: locks, Scheduler: tasks } = globalThis as unknown as Globals;
  patches.add(locks?.prototype, "request", (...call) => wrapping(call[2].length - 1, ...call));
  patches.add(tasks?.prototype, "postTask", (...call) => wrapping(0, ...call));
  page.promise = Promise;
  page.undo = () => {
    patches.undo();
    page.undo = undefined;
  };
}

/** Takes the patches back: what is asked from now on is called with nobody current. */
export function unpatch(): void {
  page.undo?.();
}

class Patches {
  readonly #always: boolean;
  readonly #undos: (() => void)[] = [];
  #isOn = true;

  constructor(always: boolean) {
    this.#always = always;
  }

  add(object: object | undefined, key: string, carry: Carry): this {
    let holder = object;
    // A worker has its functions from a prototype.
    while (holder && !Object.hasOwn(holder, key)) holder = Object.getPrototypeOf(holder) as object | undefined;
    const before = holder && Object.getOwnPropertyDescriptor(holder, key);
    if (!holder || typeof before?.value !== "function") return this;
    const original = before.value as Callable;
    const isNeeded = (context: Mapping): boolean => this.#isOn && (this.#always || context !== undefined);
    // A method: what it stands for is no constructor either.
    const { [key]: patched } = {
      [key](this: unknown, ...args: unknown[]) {
        const { current } = page;
        return isNeeded(current) ? carry(original, this, args, current) : original.apply(this, args);
      },
    };
    Object.defineProperties(patched, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(holder, key, { ...before, value: patched });
    this.#undos.push(() => {
      // Somebody may stand on our shoulders by now: then it stays, and does nothing.
      if (Object.getOwnPropertyDescriptor(holder, key)?.value === patched) Object.defineProperty(holder, key, before);
    });
    return this;
  }

  undo(): void {
    this.#isOn = false;
    for (const undo of this.#undos) undo();
  }
}

const wrapping = (index: number, ...[original, self, args, context]: Parameters<Carry>): unknown => {
  const callback = args[index];
  if (typeof callback === "function")
    args[index] = function (this: unknown, ...values: unknown[]) {
      return inContext(context, callback as Callable, this, values);
    };
  return original.apply(self, args);
};

// What a callback returns settles the promise: a thenable among that is asked by the engine, later.
const settling: Carry = (original, self, args, context) => {
  const callbacks = args.map((callback) =>
    typeof callback === "function"
      ? (value: unknown) => carried(inContext(context, callback as Callable, undefined, [value]), context)
      : callback,
  );
  return original.apply(self, callbacks);
};

const resolving: Carry = (original, self, [value], context) =>
  quietly(() => {
    // Its own kind comes back as it is.
    const isOwnKind = (value as { constructor?: unknown } | null | undefined)?.constructor === self;
    return original.call(self, isOwnKind ? value : carried(value, context));
  });
