import type { BeginOptions } from "../contract/adapter.ts";
import { PLAIN, toBegin } from "./nesting.ts";
import type { BeginSession } from "./session.ts";
import type { UnitOptions } from "./unit.ts";

/** Those of nearly all sessions are the same, and one for all of them: memory counts when ten thousand wait. */
const WHOLE = complete(PLAIN, PLAIN, {});
const APART = complete(undefined, PLAIN, {});

/** What a session keeps of the options that it begins with. */
export function toUnitOptions(options: BeginSession): UnitOptions {
  const { transaction, settings, fresh, isLone, name } = options;
  const inner = toBegin(options);
  const isWhole = transaction !== false;
  if (inner === PLAIN && fresh !== false && (settings ?? isLone ?? name) === undefined) return isWhole ? WHOLE : APART;
  return complete(isWhole ? inner : undefined, inner, options);
}

function complete(
  begin: BeginOptions | undefined,
  inner: BeginOptions,
  { settings, fresh, isLone, name }: BeginSession,
): UnitOptions {
  return { begin, inner, settings, fresh: fresh === false ? fresh : undefined, isLone, name };
}
