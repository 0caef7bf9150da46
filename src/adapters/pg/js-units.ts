// postgres.js sends a Sync behind each statement: what shares one elsewhere is put into transactions here.

import { groupsOf, isReset, type Send, type SendGroup, writeGroup } from "../postgres/groups.ts";
import { scan } from "../postgres/scan.ts";

/** Statements that leave together: a lone one, or a transaction, in which nothing runs behind one that fails. */
export interface Unit {
  readonly sends: readonly Send[];
  /** It waits for the last one. */
  readonly isBarred: boolean;
}

const FENCE = "isopool.fence";
const VALUE = `coalesce(pg_catalog.current_setting('${FENCE}', true), '')`;
const SET_FENCE = `SELECT pg_catalog.set_config('${FENCE}', $1, false)`;
/** Where the reset has left none: it had one since the connection was opened. */
const SET_ANEW = `${SET_FENCE} WHERE ${VALUE} = ''`;
export const CHECK_FENCE: string = `SELECT 1 / (${VALUE} = $1)::int`;
/** What a connection begins with. */
export const FIRST_FENCE: string = `SELECT pg_catalog.set_config('${FENCE}', 'open', false)`;

/**
 * Cuts what is to share a Sync into units. Nothing runs behind a unit that fails: the next one begins with a look at a setting
 * that only the success of the last one leaves as it should be. Where that cannot be, it waits.
 *
 * @param isInside - a transaction is open.
 * @param isPooled - each unit may have another session at the server: it waits for the last, and begins with the reset.
 * @param mark - a value that no session has seen yet.
 */
export function toUnits(sends: readonly Send[], isInside: boolean, isPooled: boolean, mark: string): Unit[] {
  const reset = isPooled && !isInside ? sends[0] : undefined;
  const groups = groupsOf(reset ? sends.slice(1) : sends, isInside);
  const isFenced = (index: number): boolean =>
    index > 0 && index < groups.length && !isPooled && isWrappable(groups[index]!, false);
  return groups.map((group, index) => {
    const ahead = [
      ...(reset && isWrappable(group, true) ? [reset] : []),
      ...(isFenced(index) ? [fence(CHECK_FENCE, `${mark}.${index - 1}`)] : []),
    ];
    const behind = isFenced(index + 1) ? [fence(isReset(group) ? SET_ANEW : SET_FENCE, `${mark}.${index}`)] : [];
    return { sends: writeGroup(group, ahead, behind), isBarred: index > 0 && !isFenced(index) };
  });
}

/** @param isForced - also what may commit by itself: it fails then. */
function isWrappable({ begin, body }: SendGroup, isForced: boolean): boolean {
  // It may come behind no query.
  if (begin) return isForced || !body.some(({ bound }) => /^SET\s+(LOCAL\s+)?TRANSACTION\b/i.test(bound.text));
  return body.every(({ bound }) => {
    const { place } = scan(bound.text);
    return place === "anywhere" || (isForced && place === "commits");
  });
}

function fence(text: string, value: string): Send {
  return { bound: { text, values: [value] } };
}
