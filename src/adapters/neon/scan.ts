import { Recent } from "../sqlite/recent.ts";
import { type Words, wordsOf } from "./words.ts";

/** What is seen of a text without asking the database. */
export interface Scan {
  /** First word, in capitals; `""` when there is none. */
  readonly verb: string;
  /** True: it leaves something in the session that the next one would see: settings, temporary tables, locks. */
  readonly leavesState: boolean;
  /** True: it moves data through the connection itself, past statements and rows. */
  readonly isCopy: boolean;
  /** True: it begins, ends or divides a transaction. */
  readonly isTransaction: boolean;
  /** Highest `$n`, but for those in a body: they are the function's own. */
  readonly placeholders: number;
  /** Where a second statement begins, or the text breaks off at a NUL; -1 when it is one statement, and whole. */
  readonly stray: number;
}

const LEAVES = [
  /^SET (?!LOCAL |TRANSACTION |CONSTRAINTS )/,
  /^(RESET|LISTEN|PREPARE|LOAD|DISCARD) /,
  /^(EXPLAIN .*)?CREATE (OR REPLACE )?(LOCAL |GLOBAL )?(TEMP|TEMPORARY) /,
  /^(?!DROP ).*\bPG_TEMP /,
  /^[( ]*(SELECT|WITH) .*\bINTO (LOCAL |GLOBAL )?(TEMP|TEMPORARY) /,
  /^DECLARE .*\bWITH HOLD /,
  /\bPG_(TRY_)?ADVISORY_LOCK(_SHARED)? \(/,
  /\bUPDATE (ONLY )?(PG_CATALOG \. )?PG_SETTINGS /,
];
const TRANSACTION = /^(BEGIN|START|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION) /;
const OWN_PLACEHOLDERS = /^(PREPARE|CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)) /;
/** Behind these a statement begins in PL/pgSQL. */
const BEFORE_STATEMENT = new Set([";", "BEGIN", "THEN", "ELSE", "LOOP"]);

const scans = new Recent(256, read);

/** Scans a text; one seen of late is remembered. */
export function scan(text: string): Scan {
  return scans.get(text);
}

function read(text: string): Scan {
  const found = wordsOf(text);
  const { words, placeholders, stray } = found;
  const head = headOf(words);
  return {
    verb: words.find((word) => /^\w/.test(word)) ?? "",
    leavesState: leaves(head, found) || (found.body !== undefined && bodyLeaves(found.body)),
    isCopy: /^COPY .*\b(STDIN|STDOUT) /.test(head),
    isTransaction: TRANSACTION.test(head),
    placeholders: OWN_PLACEHOLDERS.test(head) ? 0 : placeholders,
    stray: stray >= 0 ? stray : text.indexOf("\0"),
  };
}

function headOf(words: readonly string[]): string {
  return `${words.join(" ")} `;
}

function leaves(head: string, { setsConfig }: Words): boolean {
  return setsConfig || LEAVES.some((pattern) => pattern.test(head));
}

function bodyLeaves(body: string): boolean {
  const found = wordsOf(body);
  let start = 0;
  for (const [at, word] of [...found.words, ";"].entries()) {
    if (!BEFORE_STATEMENT.has(word)) continue;
    if (leaves(headOf(found.words.slice(start, at)), found)) return true;
    start = at + 1;
  }
  return false;
}
