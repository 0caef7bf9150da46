// Writes that are tried before they are done: in a request that ends with a failure, whose words are what they would have changed.

import type { WorkerdStatement } from "../sqlite/workerd-values.ts";

/** What a write has changed, itself and not its triggers. */
export interface Tried {
  readonly changes: number;
  /** Digits. */
  readonly rowid: string;
}

/** The end of a trial: counts are told in its words, which hold no values. */
export const TRIAL: WorkerdStatement = {
  text: "SELECT json_extract('{}', 'isopool|tried|' || changes() || '|' || last_insert_rowid())",
  values: [],
};

export function triedIn(thrown: unknown): Tried | undefined {
  const [, changes, rowid] = /isopool\|tried\|(\d+)\|(-?\d+)/.exec(String(thrown)) ?? [];
  return rowid === undefined ? undefined : { changes: Number(changes), rowid };
}

/** Fails where a write has changed something else than when it was tried. */
export function triedGuard({ changes, rowid }: Tried, isInsert: boolean, place: number): WorkerdStatement {
  const same = `changes() = ${changes}${isInsert ? ` AND last_insert_rowid() = ${rowid}` : ""}`;
  return {
    text: `SELECT CASE WHEN ${same} THEN 1 ELSE json_extract('{}', 'isopool|changed|${place}') END`,
    values: [],
  };
}
