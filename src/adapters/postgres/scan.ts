import { splitBy } from "../shared/split.ts";
import { UNSENDABLE } from "../shared/well-formed.ts";
import { type Words, wordsOf } from "./words.ts";

/** What is seen of a text without asking the database. */
export interface Scan {
  /** First word, in capitals; `""` when there is none. */
  readonly verb: string;
  /** True: it leaves something in the session that the next one would see: settings, temporary tables, locks. */
  readonly leavesState: boolean;
  /** True: it changes the server's process, which no reset undoes: libraries, the seed of random(), links to other servers. */
  readonly isForGood: boolean;
  /** True: run once more on a session that is as new, it makes of it what it made before, and changes nothing else on purpose. */
  readonly isRepeatable: boolean;
  /** `apart`: never in a transaction. `commits`: it may end the one it runs in. */
  readonly place: "anywhere" | "commits" | "apart";
  /** True: no statement for here: it moves data past statements and rows, or begins, ends or divides a transaction. */
  readonly isBarred: boolean;
  /** Highest `$n`, but for those in a body: they are the function's own. */
  readonly placeholders: number;
  /** Where a second statement begins, or a NUL or half of a surrogate pair is; -1 when it is one statement, and whole. */
  readonly stray: number;
}

const LEAVES = [
  /^SET (?!LOCAL |TRANSACTION |CONSTRAINTS )/,
  /^(RESET|LISTEN|PREPARE|LOAD|DISCARD) /,
  /^(EXPLAIN .*)?CREATE (OR REPLACE )?(LOCAL |GLOBAL )?(TEMP|TEMPORARY) (?!.*\bON COMMIT DROP )/,
  /^(?!DROP ).*\bPG_TEMP /,
  /^[( ]*(SELECT|WITH) .*\bINTO (LOCAL |GLOBAL )?(TEMP|TEMPORARY) /,
  /^DECLARE .*\bWITH HOLD /,
  /\bPG_(TRY_)?ADVISORY_LOCK(_SHARED)? \(/,
  /\bUPDATE .*\bPG_SETTINGS /,
];
// The session has looked for the latter, but not as PostgreSQL reads, whose comments nest.
const BARRED =
  /^(COPY .*\b(STDIN|STDOUT)|BEGIN|START|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION) /;
const FOR_GOOD = /^LOAD |\b(SETSEED|DBLINK_CONNECT(_U)?) \(/;
const APART =
  /^(VACUUM|CLUSTER|REINDEX|DISCARD|(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)|ALTER (SYSTEM|SUBSCRIPTION|DATABASE)|(CREATE|DROP|ALTER) .*\bCONCURRENTLY) /;
const CALLS = /^(SELECT|WITH|VALUES|DO|CALL|EXECUTE|UNLISTEN|DEALLOCATE) (?!(.* )?(INTO|INSERT|UPDATE|DELETE|MERGE) )/;
const OWN_PLACEHOLDERS = /^(PREPARE|CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)) /;
/** Behind these a statement begins in PL/pgSQL. */
const BEFORE_STATEMENT = /; |\b(?:BEGIN|THEN|ELSE|LOOP) /;

/** Longest texts that are remembered, all of them together: some hundred of the usual length. */
const REMEMBERED = 2 ** 17;
const scans = new Map<string, Scan>();
let remembered = 0;

/**
 * Scans a text; one seen of late is remembered.
 *
 * @example
 * scan("set statement_timeout = 5").leavesState; // true
 */
export function scan(text: string): Scan {
  let found = scans.get(text);
  if (found) return found;
  remembered += text.length;
  if (remembered > REMEMBERED) {
    scans.clear();
    remembered = text.length;
  }
  scans.set(text, (found = read(text)));
  return found;
}

/**
 * Cuts a text into its statements, as PostgreSQL reads it.
 *
 * @example
 * split("create table a (n int); do $$ begin perform 1; end $$"); // two
 */
export function split(text: string): string[] {
  return splitBy((rest) => wordsOf(rest, true).stray, text);
}

function read(text: string): Scan {
  const { placeholders, stray, body, ...found } = wordsOf(text);
  const head = headOf(found);
  const verb = found.words.find((word) => /^\w/.test(word)) ?? "";
  const leavesState = leaves(head, found) || (verb === "DO" && bodyLeaves(wordsOf(body)));
  const isApart = APART.test(head);
  return {
    verb,
    leavesState,
    isForGood: FOR_GOOD.test(head),
    isRepeatable: !isApart && (leavesState || CALLS.test(head)),
    place: isApart ? "apart" : /^(DO|CALL)$/.test(verb) ? "commits" : "anywhere",
    isBarred: BARRED.test(head),
    placeholders: OWN_PLACEHOLDERS.test(head) ? 0 : placeholders,
    stray: stray >= 0 ? stray : text.search(UNSENDABLE),
  };
}

function headOf({ words }: Pick<Words, "words">): string {
  return `${words.join(" ")} `;
}

function leaves(head: string, { setsConfig }: Pick<Words, "setsConfig">): boolean {
  return setsConfig || LEAVES.some((pattern) => pattern.test(head));
}

function bodyLeaves(found: Words): boolean {
  return headOf(found)
    .split(BEFORE_STATEMENT)
    .some((statement) => leaves(statement, found));
}
