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
export function onCollected(value: object, callback: () => void, token: object = value): void {
  const { FinalizationRegistry: Registry } = globalThis as {
    FinalizationRegistry?: new (cleanup: (callback: () => void) => void) => Finalizers;
  };
  finalizers ??= Registry && new Registry((each) => each());
  finalizers?.register(value, callback, token);
}

/** Forgets what was to be done when something was collected: it is done already. */
export function offCollected(token: object): void {
  finalizers?.unregister(token);
}

/** An object that is in sets. One reference and one finalizer for all of them: what each set had of its own took two hundred bytes. */
interface Member {
  readonly ref: Ref<object>;
  readonly sets: Set<Ref<object>>[];
}

const members: WeakMap<object, Member> = new WeakMap<object, Member>();

/** Objects that are kept by others. Source: https://github.com/tc39/proposal-weakrefs#iterable-weakmaps */
export class IterableWeakSet<T extends object> implements Iterable<T> {
  // Made with the first of them: many sets stay empty.
  #refs: Set<Ref<object>> | undefined;

  add(value: T): void {
    const own = (this.#refs ??= new Set());
    const member = members.get(value);
    if (!member) {
      const made: Member = { ref: refTo(value), sets: [own] };
      members.set(value, made);
      own.add(made.ref);
      onCollected(value, () => made.sets.forEach((set) => set.delete(made.ref)), made);
    } else if (!own.has(member.ref)) {
      own.add(member.ref);
      member.sets.push(own);
    }
  }

  get isEmpty(): boolean {
    return !this.#refs?.size;
  }

  delete(value: T): void {
    const member = members.get(value);
    if (!member || !this.#refs?.delete(member.ref)) return;
    const { sets } = member;
    sets.splice(sets.indexOf(this.#refs), 1);
    // In no set any more, it leaves nothing: who comes and goes would leave a finalizer each time.
    if (sets.length > 0) return;
    members.delete(value);
    offCollected(member);
  }

  *[Symbol.iterator](): Generator<T, void> {
    if (this.#refs)
      for (const ref of this.#refs) {
        const value = ref.deref();
        if (value) yield value as T;
      }
  }
}
