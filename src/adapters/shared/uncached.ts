// Frameworks that put a cache around fetch would answer a second INSERT out of it. Workers of before 2024-11-11 know no such
// option, and have no such cache.
export const UNCACHED: { readonly cache?: "no-store" } = knowsCache() ? { cache: "no-store" } : {};

function knowsCache(): boolean {
  const { Request } = globalThis as { Request?: new (url: string, options: object) => unknown };
  try {
    return typeof Request === "function" && Boolean(new Request("http://localhost", { cache: "no-store" }));
  } catch {
    return false;
  }
}
