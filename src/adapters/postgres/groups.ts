// Drivers that send a Sync behind each statement: what shares one elsewhere is put into transactions.

import { bare } from "./control.ts";
import type { Bound } from "./values.ts";

/** One statement, and the place of the part whose it is; without one, it holds a unit together. */
export interface Send {
  readonly bound: Bound;
  readonly at?: number;
}

/** A reset alone; statements with a transaction of their own around them; or statements of one that is open. */
export interface SendGroup {
  begin?: Send;
  body: Send[];
  end?: Send;
  /** Its transaction is open already. */
  readonly isInside?: boolean;
}

export function groupsOf(sends: readonly Send[], isInside: boolean): SendGroup[] {
  const groups: SendGroup[] = isInside ? [{ body: [], isInside }] : [];
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

/** Its statements in order: all or nothing, where they are several. */
export function writeGroup(
  { begin, body, end, isInside }: SendGroup,
  ahead: readonly Send[] = [],
  behind: readonly Send[] = [],
): Send[] {
  const all = [...body, ...behind];
  if (isInside) return end ? [...body, end] : body;
  if (isReset({ body })) return all;
  if (begin) return [begin, ...ahead, ...all, ...(end ? [end] : [])];
  if (ahead.length + all.length === 1) return body;
  return [{ bound: bare("BEGIN") }, ...ahead, ...all, { bound: bare("COMMIT") }];
}

export function isReset({ body }: SendGroup): boolean {
  return body.length === 1 && body[0]!.bound.text === "DISCARD ALL";
}

/** The transaction's state behind a statement that was done. */
export function statusAfter(text: string, status: string): string {
  if (/^(BEGIN|ROLLBACK TO)\b/.test(text)) return "T";
  return /^(COMMIT|ROLLBACK)$/.test(text) ? "I" : status;
}
