// postgres.js sends a Sync behind each statement: what shares one elsewhere is put into transactions here.

import type { Bound } from "../postgres/values.ts";
import { bare } from "../postgres/control.ts";
import { scan } from "../postgres/scan.ts";

/** One statement, and the place of the part whose it is; without one, it holds a unit together. */
export interface Send {
  readonly bound: Bound;
  readonly at?: number;
}

/** Statements that leave together: a lone one, or a transaction, in which nothing runs behind one that fails. */
export interface Unit {
  readonly sends: readonly Send[];
  /** It waits for the last one. */
  readonly isBarred: boolean;
}

interface Group {
  begin?: Send;
  body: Send[];
  end?: Send;
  /** Its transaction is open already. */
  readonly isInside?: boolean;
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
    return { sends: write(group, ahead, behind), isBarred: index > 0 && !isFenced(index) };
  });
}

function groupsOf(sends: readonly Send[], isInside: boolean): Group[] {
  const groups: Group[] = isInside ? [{ body: [], isInside }] : [];
  let open = groups[0];
  for (const send of sends) {
    const { text } = send.bound;
    const isBegin = /^BEGIN\b/.test(text);
    if (!open || isBegin || (!open.begin && !open.isInside && isReset(open))) groups.push((open = { body: [] }));
    if (isBegin) open.begin = send;
    else if (!/^(COMMIT|ROLLBACK)$/.test(text)) open.body.push(send);
    else {
      open.end = send;
      open = undefined;
    }
  }
  return groups;
}

function write({ begin, body, end, isInside }: Group, ahead: readonly Send[], behind: readonly Send[]): Send[] {
  const all = [...body, ...behind];
  if (isInside) return end ? [...body, end] : body;
  if (isReset({ body })) return all;
  if (begin) return [begin, ...ahead, ...all, ...(end ? [end] : [])];
  if (ahead.length + all.length === 1) return body;
  return [{ bound: bare("BEGIN") }, ...ahead, ...all, { bound: bare("COMMIT") }];
}

function isReset({ body }: Group): boolean {
  return body.length === 1 && body[0]!.bound.text === "DISCARD ALL";
}

/** @param isForced - also what may commit by itself: it fails then. */
function isWrappable({ begin, body }: Group, isForced: boolean): boolean {
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
