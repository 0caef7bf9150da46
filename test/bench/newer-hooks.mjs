// Run by Node where it resolves modules: see newer.mjs.

const NEWER = { kysely: "kysely-0.29", "drizzle-orm": "drizzle-orm-1" };

export async function resolve(specifier, context, next) {
  if (!context.parentURL?.endsWith("?newer")) return next(specifier, context);
  const [name] = /^(?:kysely|drizzle-orm)(?=\/|$)/.exec(specifier) ?? [];
  if (name) return next(specifier.replace(name, NEWER[name]), context);
  const resolved = await next(specifier, context);
  return resolved.url.includes("/dist/integrations/") ? { ...resolved, url: `${resolved.url}?newer` } : resolved;
}
