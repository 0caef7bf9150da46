/** What ends a text early, or is changed on the way to a database: a NUL, half of a surrogate pair. */
export const UNSENDABLE: RegExp = /[\0\ud800-\udfff]/u;

/** Whether it can be sent as UTF-8, which has no half of a surrogate pair. Engines from before 2024 do not tell. */
export function isWellFormed(text: string): boolean {
  return (text as { isWellFormed?(): boolean }).isWellFormed?.() ?? true;
}
