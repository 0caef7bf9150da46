import type { ContextProvider } from "../contract/context.ts";
import { DbError } from "../errors.ts";

/** The remedy when a strict provider refuses a lone statement. */
const LOST = "bind the listener or callback that lost it (`AsyncLocalStorage.bind`)";

/** The error when a session is needed and none is current. */
export function sessionRequired(context: ContextProvider, more = ""): DbError {
  const { name, strict, remedy = strict ? LOST : "give createDatabase() a context that follows await" } = context;
  const remedies = `use the one db.session() passes, ${remedy}, or use db.autocommit${more}`;
  return new DbError("SESSION_REQUIRED", `${name}() finds no current session: ${remedies}`, { context: name });
}
