type Call = (...args: unknown[]) => unknown;
type Bind = (listener: Call) => Call;

const ADD = ["addListener", "on", "once", "prependListener", "prependOnceListener", "addEventListener"];
const REMOVE = ["removeListener", "off", "removeEventListener"];

/**
 * Binds what OpenTelemetry's managers bind: a function; an EventEmitter or an EventTarget, whose listeners are bound from now on.
 * Anything else is returned as it is.
 *
 * @param bound - the emitters that the manager has bound: each is bound once.
 */
export function bindTarget<T>(target: T, bound: WeakSet<object>, bind: Bind): T {
  if (typeof target === "function") return bind(target as unknown as Call) as unknown as T;
  if (typeof target !== "object" || target === null || bound.has(target)) return target;
  const emitter = target as Record<string, unknown>;
  if (!ADD.some((name) => typeof emitter[name] === "function")) return target;
  bound.add(target);
  bindListeners(emitter, bind);
  return target;
}

function bindListeners(emitter: Record<string, unknown>, bind: Bind): void {
  // By the listener that was given: the same one is removed by it, however often it was added.
  const listeners = new WeakMap<object, Call>();
  let isInside = false;
  const toBound = (listener: unknown): unknown => {
    // `once()` of an EventEmitter calls `on()` with a listener of its own, which holds the bound one.
    if (isInside || !listener || (typeof listener !== "function" && typeof listener !== "object")) return listener;
    const known = listeners.get(listener);
    if (known) return known;
    const call: Call =
      typeof listener === "function"
        ? (listener as Call)
        : (...args) => (listener as { handleEvent(...args: unknown[]): unknown }).handleEvent(...args);
    const made = bind(call);
    listeners.set(listener, made);
    return made;
  };
  for (const name of [...ADD, ...REMOVE]) {
    const method = emitter[name];
    if (typeof method !== "function") continue;
    const isAdding = ADD.includes(name);
    emitter[name] = function (this: unknown, type: unknown, listener: unknown, ...rest: unknown[]): unknown {
      const found = isAdding ? toBound(listener) : (listeners.get(Object(listener)) ?? listener);
      const before = isInside;
      isInside = true;
      try {
        return (method as Call).call(this, type, found, ...rest);
      } finally {
        isInside = before;
      }
    };
  }
}
