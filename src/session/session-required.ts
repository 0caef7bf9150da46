import type { ContextProvider } from "../contract/context.ts";
import { DbError } from "../errors.ts";

/** The remedy where a lone statement is refused by `strict`. */
const LOST = "bind the listener or callback that lost it (`AsyncLocalStorage.bind`)";

/** A database whose session was looked for in vain. */
interface Loser {
  readonly context: ContextProvider;
  readonly strict: boolean;
}

/** The error when a session is needed and none is current. */
export function sessionRequired({ context, strict }: Loser, more = ""): DbError {
  const { name, remedy = strict ? LOST : "give createDatabase() a context that follows await" } = context;
  const remedies = `use the one db.session() passes, ${remedy}, or use db.autocommit${more}`;
  return new DbError("SESSION_REQUIRED", `${name}() finds no current session: ${remedies}`, { context: name });
}
