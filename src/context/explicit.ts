import type { ContextProvider } from "../contract/context.ts";

// One for all: it has no state, and databases are looked up by their contexts.
const EXPLICIT: ContextProvider = {
  name: "explicit",
  absenceProves: false,
  current: () => undefined,
  run: (_frame, work) => work(),
};

/**
 * Keeps no context: you pass the session yourself. Works in every runtime, with no build step.
 *
 * @example
 * const db = createDatabase(url, { adapters, context: explicit() });
 * await db.session((session) => session.sql`select 1`); // Pass `session` on; db.sql finds none.
 */
export function explicit(): ContextProvider {
  return EXPLICIT;
}
