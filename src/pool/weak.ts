// What is dropped without a word is collected, and so is what was kept for it. Where a platform has no weak references, it is
// kept until it is disposed.

/** A reference that does not keep its object alive. */
export interface Ref<T> {
  deref(): T | undefined;
}

export function refTo<T extends object>(value: T): Ref<T> {
  const { WeakRef: Weak } = globalThis as { WeakRef?: new (value: T) => Ref<T> };
  return Weak ? new Weak(value) : { deref: () => value };
}

interface Finalizers {
  register(value: object, callback: () => void, token: object): void;
  unregister(token: object): void;
}

let finalizers: Finalizers | undefined;

/** Calls `callback`, which must not refer to `value`, some time after `value` was collected. */
export function onCollected(value: object, callback: () => void): void {
  const { FinalizationRegistry: Registry } = globalThis as {
    FinalizationRegistry?: new (cleanup: (callback: () => void) => void) => Finalizers;
  };
  finalizers ??= Registry && new Registry((each) => each());
  finalizers?.register(value, callback, value);
}

/** Forgets what was to be done when `value` was collected: it is done already. */
export function offCollected(value: object): void {
  finalizers?.unregister(value);
}

/** One reference for each object, whatever sets it is in: a map of its own in each set takes two hundred bytes. */
const refs: WeakMap<object, Ref<object>> = new WeakMap<object, Ref<object>>();

/** Objects that are kept by others. Source: https://github.com/tc39/proposal-weakrefs#iterable-weakmaps */
export class IterableWeakSet<T extends object> implements Iterable<T> {
  // Made with the first of them: many sets stay empty.
  #refs: Set<Ref<object>> | undefined;

  add(value: T): void {
    const own = (this.#refs ??= new Set());
    const ref = refs.get(value) ?? refTo(value);
    if (own.has(ref)) return;
    refs.set(value, ref);
    own.add(ref);
    onCollected(value, () => own.delete(ref));
  }

  get isEmpty(): boolean {
    return !this.#refs?.size;
  }

  delete(value: T): void {
    this.#refs?.delete(refs.get(value)!);
  }

  *[Symbol.iterator](): Generator<T, void> {
    if (this.#refs)
      for (const ref of this.#refs) {
        const value = ref.deref();
        if (value) yield value as T;
      }
  }
}
