// What calls back later is given its caller's context: promises, timers, locks. Events are not: what a user causes starts empty,
// and what code dispatches runs within its call. Source: https://github.com/tc39/proposal-async-context/blob/master/WEB-INTEGRATION.md

import { carried, inContext } from "./carried.ts";
import { quietly } from "./keep.ts";
import { type Mapping, page } from "./page.ts";

type Callable = (...args: unknown[]) => unknown;

interface Globals {
  readonly LockManager?: { readonly prototype: object };
  readonly Scheduler?: { readonly prototype: object };
}

/** Replaces what an argument list hands over by what carries `context`. */
type Carry = (args: unknown[], context: Mapping, self: unknown) => void;

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
  const undo = patcher(classes.size > 1);
  for (const { prototype } of classes) undo.patch(prototype, "then", toBoth);
  for (const each of classes) undo.patch(each, "resolve", toThenable);
  for (const name of schedulers) undo.patch(globalThis, name, toFirst);
  const { LockManager: locks, Scheduler: tasks } = globalThis as unknown as Globals;
  undo.patch(locks?.prototype, "request", toLast);
  undo.patch(tasks?.prototype, "postTask", toFirst);
  page.promise = Promise;
  page.undo = () => {
    undo.all();
    page.undo = undefined;
  };
}

/** Takes the patches back: what is asked from now on is called with nobody current. */
export function unpatch(): void {
  page.undo?.();
}

function patcher(always: boolean): { patch: typeof add; all: () => void } {
  const undos: (() => void)[] = [];
  let isOn = true;
  function add(holder: object | undefined, key: string, carry: Carry): void {
    const before = holder && Object.getOwnPropertyDescriptor(holder, key);
    if (!holder || typeof before?.value !== "function") return;
    const original = before.value as Callable;
    // A method: what it stands for is no constructor either.
    const { [key]: patched } = {
      [key](this: unknown, ...args: unknown[]) {
        const context = page.current;
        if (!isOn || !(always || context)) return original.apply(this, args);
        if (carry !== toThenable) {
          carry(args, context, this);
          return original.apply(this, args);
        }
        return quietly(() => {
          carry(args, context, this);
          return original.apply(this, args);
        });
      },
    };
    Object.defineProperties(patched, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(holder, key, { ...before, value: patched });
    undos.push(() => {
      // Somebody may stand on our shoulders by now: then it stays, and does nothing.
      if ((holder as Record<string, unknown>)[key] === patched) Object.defineProperty(holder, key, before);
    });
  }
  const all = (): void => {
    isOn = false;
    for (const undo of undos) undo();
  };
  return { patch: add, all };
}

function wrapped(callback: unknown, context: Mapping): unknown {
  if (typeof callback !== "function") return callback;
  return function (this: unknown, ...args: unknown[]) {
    return inContext(context, callback as Callable, this, args);
  };
}

const toFirst: Carry = (args, context) => {
  args[0] = wrapped(args[0], context);
};

const toLast: Carry = (args, context) => {
  const last = args.length - 1;
  args[last] = wrapped(args[last], context);
};

const toBoth: Carry = (args, context) => {
  args.forEach((callback, index) => {
    // What it returns settles the promise: a thenable among that is asked by the engine, later.
    if (typeof callback === "function")
      args[index] = (value: unknown) => carried(inContext(context, callback as Callable, undefined, [value]), context);
  });
};

const toThenable: Carry = (args, context, self) => {
  const [value] = args;
  // Its own kind comes back as it is.
  if ((value as { constructor?: unknown } | undefined)?.constructor !== self) args[0] = carried(value, context);
};
