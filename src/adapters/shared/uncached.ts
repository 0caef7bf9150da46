let found: { readonly cache?: "no-store" } | undefined;

/**
 * What keeps an answer of fetch out of caches. Frameworks that put one around fetch would answer a second INSERT out of it. Workers
 * of before 2024-11-11 know no such option, and have no such cache.
 */
export function uncached(): { readonly cache?: "no-store" } {
  // Asked with the first request and no sooner: in Node, to look at Request loads all of fetch.
  return (found ??= knowsCache() ? { cache: "no-store" } : {});
}

function knowsCache(): boolean {
  const { Request } = globalThis as { Request?: new (url: string, options: object) => unknown };
  try {
    return typeof Request === "function" && Boolean(new Request("http://localhost", { cache: "no-store" }));
  } catch {
    return false;
  }
}
