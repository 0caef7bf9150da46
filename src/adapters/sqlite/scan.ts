import { Recent } from "../shared/recent.ts";
import { splitBy } from "../shared/split.ts";
import { UNSENDABLE } from "../shared/well-formed.ts";

/** What is seen of a text without asking the database. */
export interface Scan {
  /** First word, in capitals; the one behind the common tables of a WITH; `""` when there is none. */
  readonly verb: string;
  /** Its first ten tokens, in capitals and without quotes: `"PRAGMA MAIN . CACHE_SIZE = 5"`. */
  readonly head: string;
  /** True: it writes rows. */
  readonly isWrite: boolean;
  /** True: it reads rows, and does nothing else. */
  readonly isRead: boolean;
  /** True: it leaves something in the session that the next one would see: settings, temporary or attached things. */
  readonly leavesState: boolean;
  /** The parameters in SQLite's own numbering: `""` for `?` and `?NNN`, else the name without its mark. */
  readonly slots: readonly string[];
  /** Every placeholder, in order. */
  readonly places: readonly Placeholder[];
  /** Where a second statement begins, or a NUL or half of a surrogate pair is; -1 when it is one statement, and whole. */
  readonly stray: number;
}

export interface Placeholder {
  readonly start: number;
  readonly end: number;
  /** Index into `slots`. */
  readonly slot: number;
}

// SQLite's tokens, as far as they matter here. Takes time in proportion to the text, whatever is in it: see its test before
// changing it. An unterminated quote, comment or parameter extends to the end, as in SQLite. In SQLite, all of `$a(b)` is
// the name of a parameter, and so is `:a(b)`. Source: sqlite3GetToken() in tokenize.c.
const TOKEN =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|[\w\x80-\uffff][\w$\x80-\uffff]*|(\?\d*|[:@$#](?:[\w$\x80-\uffff]|::)+(?:\([^\s)]*\)?)?)|\S/g;
const HEAD_TOKENS = 10;
const READ = /^(SELECT|VALUES)$/;
const WRITE = /^(INSERT|REPLACE|UPDATE|DELETE)$/;
// A pragma acts while it is prepared, so EXPLAIN does not keep it from acting. Those that only read when something is given
// to them, or that write into the file, leave nothing.
const LEAVES =
  /^(ATTACH|DETACH|CREATE TEMP|CREATE [^(.]*\bTEMP \.|(EXPLAIN (QUERY PLAN )?)?PRAGMA (\S+ \. )?(?!\w+_(X?INFO|LIST|CHECK|VERSION|CHECKPOINT|VACUUM)\b|APPLICATION_ID|OPTIMIZE)\S+ [=(])/;
// A trigger's body holds statements of its own: it is over at an END that stands behind a semicolon.
const TRIGGER = /^(EXPLAIN (QUERY PLAN )?)?CREATE (TEMP\w* )?TRIGGER\b/;
// SQLite's own limit; a larger number is left for it to refuse.
const MAX_PARAMETERS = 32_766;

const PLACEHOLDER_BYTES = 40;
const sizeOf = ({ places }: Scan): number => PLACEHOLDER_BYTES * places.length;

const scans = new Recent(256, (text: string) => read(text));

/**
 * Scans a text; one seen of late is remembered.
 *
 * @example
 * scan("insert into t values (:a)").isWrite; // true
 */
export function scan(text: string): Scan {
  return scans.get(text, sizeOf);
}

/**
 * Cuts a text into its statements, as SQLite reads it.
 *
 * @example
 * split("create table a (n); insert into a values (';')"); // two
 */
export function split(text: string): string[] {
  return splitBy((rest) => read(rest, -1).stray, text);
}

function read(text: string, unsendable: number = text.search(UNSENDABLE)): Scan {
  const slots: string[] = [];
  const places: Placeholder[] = [];
  const numbers = new Map<string, number>();
  let [verb, head, before, last] = ["", "", "", ""];
  let stray = unsendable;
  let [depth, count] = [0, 0];
  let isOver = false;
  for (const { 0: token, 1: mark, index: start } of text.matchAll(TOKEN)) {
    if (/^(--|\/\*)/.test(token) || (token === ";" && !count)) continue;
    if (isOver && token !== ";") {
      stray = start;
      break;
    }
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (token === ";") isOver ||= !TRIGGER.test(head) || (before === ";" && /^end$/i.test(last));
    else if (mark) places.push({ start, end: start + mark.length, slot: toSlot(mark, slots, numbers) });
    // Behind the body of its last common table; AS stands behind the columns of one.
    else if (/^[\w\x80-\uffff]/.test(token) && (!verb || (verb === "WITH" && !depth && last === ")")))
      verb = /^as$/i.test(token) ? verb : token.toUpperCase();
    if (count++ < HEAD_TOKENS) head += (head && " ") + bare(token);
    [before, last] = [last, token];
  }
  return {
    verb,
    head,
    isWrite: WRITE.test(verb),
    isRead: READ.test(verb),
    leavesState: LEAVES.test(head),
    slots,
    places,
    stray,
  };
}

/** A token without its quotes, as one word. */
function bare(token: string): string {
  return (/^['"`[]/.test(token) ? token.slice(1, -1).replace(/\W/g, "_") : token).toUpperCase();
}

// SQLite's numbering: `?` is one more than the largest so far, `?NNN` says it, a name keeps that of its first place.
function toSlot(mark: string, slots: string[], numbers: Map<string, number>): number {
  const name = mark[0] === "?" ? "" : mark.slice(1);
  const number = (name ? numbers.get(mark) : Math.min(+mark.slice(1), MAX_PARAMETERS)) || slots.length + 1;
  numbers.set(mark, number);
  while (slots.length < number) slots.push("");
  slots[number - 1] ||= name;
  return number - 1;
}
