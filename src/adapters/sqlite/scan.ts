import { Recent } from "./recent.ts";

/** What is seen of a text without asking the database. */
export interface Scan {
  /** First word, in capitals; the one behind the common tables of a WITH; `""` when there is none. */
  readonly verb: string;
  /** True: it writes rows. */
  readonly isWrite: boolean;
  /** True: it reads rows, and does nothing else. */
  readonly isRead: boolean;
  /** True: it leaves something in the session that the next one would see: settings, temporary or attached things. */
  readonly leavesState: boolean;
  /** The parameters in SQLite's own numbering: `""` for `?` and `?NNN`, else the name without its mark. */
  readonly slots: readonly string[];
  /** Every placeholder, in order. */
  readonly places: readonly Place[];
  /** Where a second statement begins, or SQLite stops reading at a NUL; -1 when it is one statement, and whole. */
  readonly stray: number;
}

export interface Place {
  readonly start: number;
  readonly end: number;
  /** Index into `slots`. */
  readonly slot: number;
}

// Every pattern here takes time in proportion to the text, whatever is in it: see its test before changing one.
// What nothing closes runs to the end, as it does in SQLite.
const QUOTED = /--[^\n]*|\/\*[^]*?(\*\/|$)|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?/g;
const TOKEN = /[()]|[\w\x80-\uffff][\w$\x80-\uffff]*|(\?\d*|[:@$]([\w$\x80-\uffff]|::)+)/g;
const READ = /^(SELECT|VALUES)$/i;
const WRITE = /^(INSERT|REPLACE|UPDATE|DELETE)$/i;
// Pragmas that only read when something is given to them, or that write into the file, leave nothing. A name in quotes is
// not looked at: it may be any.
const LEAVES =
  /^[\s;]*(ATTACH|DETACH|CREATE\s+TEMP|CREATE[^(.]*(TEMP|")\s*\.|PRAGMA\s*(["\w]+\s*\.\s*)?(?!\w+_(X?INFO|LIST|CHECK|VERSION|CHECKPOINT|VACUUM)\b|APPLICATION_ID|OPTIMIZE)["\w]+\s*[=(])/i;
const STRAY = /^[\s;]*[^\s;][^;]*;[\s;]*[^\s;]/;
// A trigger's body holds statements of its own: it is over at an END that stands behind a semicolon.
const TRIGGER = /^[\s;]*CREATE\s+(TEMP\w*\s+)?TRIGGER\b/i;
const STRAY_BEHIND_TRIGGER = /;\s*END\s*;[\s;]*[^\s;]/i;
// SQLite's own limit; a larger number is left for it to refuse.
const MAX_PARAMETERS = 32_766;

const scans = new Recent(256, read);

/** Scans a text; one seen of late is remembered. */
export function scan(text: string): Scan {
  return scans.get(text);
}

function read(text: string): Scan {
  const bare = text.replace(QUOTED, (part) => (/^[-/]/.test(part) ? " " : '"').repeat(part.length));
  const stray = (TRIGGER.test(bare) ? STRAY_BEHIND_TRIGGER : STRAY).exec(bare);
  const slots: string[] = [];
  const places: Place[] = [];
  const numbers = new Map<string, number>();
  let verb = "";
  let depth = 0;
  for (const { 0: token, 1: mark, index: start } of bare.matchAll(TOKEN)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (mark) places.push({ start, end: start + mark.length, slot: toSlot(mark, slots, numbers) });
    else if (!verb || (verb === "WITH" && !depth && (READ.test(token) || WRITE.test(token))))
      verb = token.toUpperCase();
  }
  return {
    verb,
    isWrite: WRITE.test(verb),
    isRead: READ.test(verb),
    leavesState: LEAVES.test(bare),
    slots,
    places,
    stray: stray ? stray.index + stray[0].length - 1 : text.indexOf("\0"),
  };
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
