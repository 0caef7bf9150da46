/** The compatibility flags that this Worker runs with, by date or by name; none outside of Workers. Read at each use: a value. */
export function flags(): Readonly<Record<string, boolean>> {
  const { Cloudflare } = globalThis as { Cloudflare?: { compatibilityFlags?: Record<string, boolean> } };
  return Cloudflare?.compatibilityFlags ?? {};
}
