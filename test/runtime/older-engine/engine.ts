// Takes from Chromium what Safari 15 and jsdom 20 do not have; ahead of all that is loaded.

const missing: [holder: object, ...keys: string[]][] = [
  [AbortSignal.prototype, "throwIfAborted", "reason"],
  [AbortSignal, "any", "timeout"],
  [Promise, "withResolvers", "try"],
  [Array, "fromAsync"],
  [Array.prototype, "toSorted", "toReversed", "toSpliced", "with", "findLast", "findLastIndex"],
  [Object, "groupBy"],
  [Set.prototype, "union", "difference", "intersection"],
  [Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object, "map", "filter", "toArray", "take", "drop"],
  [globalThis, "structuredClone", "scheduler", "requestIdleCallback", "DisposableStack", "AsyncDisposableStack"],
];
export function makeOlder(): void {
  for (const [holder, ...keys] of missing) for (const key of keys) Reflect.deleteProperty(holder, key);
  // Two that cannot be deleted: another function stands for the one that has them.
  const whole = Symbol;
  const older = (description?: string): symbol => whole(description);
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(whole)))
    if (!["dispose", "asyncDispose", "name", "length"].includes(key)) Object.defineProperty(older, key, property);
  globalThis.Symbol = older as unknown as SymbolConstructor;
}
