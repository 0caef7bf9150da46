/** Whether this is a page, or a worker of one: what is in the code there, every visitor can read. */
export function isBrowser(): boolean {
  const has = (name: string): boolean => Reflect.has(globalThis, name);
  return has("document") || (has("importScripts") && has("location"));
}
