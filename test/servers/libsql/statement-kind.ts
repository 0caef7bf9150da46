// What sqld's query_analysis.rs makes of a statement.

import type { Piece } from "./tokens.ts";

export interface StatementKind {
  /** `undefined`: sqld does not support it. */
  readonly kind: "begin" | "end" | "savepoint" | "read" | "write" | "schema" | undefined;
  readonly takesWriteLock: boolean;
  readonly changesRows: boolean;
  readonly isInsert: boolean;
  readonly isExplain: boolean;
  /** Whether it sets something of the session. */
  readonly setsState: boolean;
}

const names = (list: string): ReadonlySet<string> => new Set(list.split(" "));
const READ_PRAGMAS = names(
  "table_list index_list table_info table_xinfo index_info index_xinfo pragma_list compile_options database_list function_list module_list encoding",
);
const PRAGMAS = names(
  "defer_foreign_keys foreign_keys foreign_key_list foreign_key_check collation_list data_version freelist_count integrity_check legacy_file_format page_count quick_check stats user_version",
);
/** Refused when a value is given. */
const PRAGMAS_TO_READ = names(
  "analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check fullfsync journal_mode journal_size_limit locking_mode max_page_count mmap_size page_size query_only read_uncommitted recursive_triggers secure_delete soft_heap_limit synchronous temp_store threads wal_autocheckpoint",
);

const NOTHING: StatementKind = {
  kind: undefined,
  takesWriteLock: false,
  changesRows: false,
  isInsert: false,
  isExplain: false,
  setsState: false,
};

export function kindOf(piece: Piece): StatementKind {
  const words = piece.tokens
    .filter(({ type }) => type === "word" || type === "name")
    .map(({ text }) => text.toUpperCase());
  const verb = verbOf(piece);
  switch (verb) {
    case "BEGIN":
      return { ...NOTHING, kind: "begin", takesWriteLock: /^(IMMEDIATE|EXCLUSIVE)$/.test(words[1] ?? "") };
    case "COMMIT":
    case "END":
      return { ...NOTHING, kind: "end" };
    case "ROLLBACK":
      return { ...NOTHING, kind: words.includes("TO") ? "savepoint" : "end" };
    case "SAVEPOINT":
    case "RELEASE":
      return { ...NOTHING, kind: "savepoint" };
    case "SELECT":
    case "VALUES":
    case "EXPLAIN":
      return { ...NOTHING, kind: "read", isExplain: verb === "EXPLAIN" };
    case "INSERT":
    case "REPLACE":
    case "UPDATE":
    case "DELETE":
      return {
        ...NOTHING,
        kind: "write",
        takesWriteLock: true,
        changesRows: true,
        isInsert: /^(INSERT|REPLACE)$/.test(verb),
      };
    case "CREATE":
      return words[1]?.startsWith("TEMP") ? NOTHING : { ...NOTHING, kind: "schema", takesWriteLock: true };
    case "DETACH":
      return { ...NOTHING, kind: "write" };
    case "DROP":
    case "ALTER":
    case "REINDEX":
      return { ...NOTHING, kind: "schema", takesWriteLock: true };
    case "PRAGMA":
      return pragmaKind(piece, words);
    default:
      return NOTHING;
  }
}

/** First word; behind the common tables of a WITH, the one that says what it does. */
function verbOf({ tokens }: Piece): string {
  const first = tokens[0]!.text.toUpperCase();
  if (first !== "WITH") return first;
  let depth = 0;
  for (const { text } of tokens) {
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (depth === 0 && /^(SELECT|VALUES|INSERT|REPLACE|UPDATE|DELETE)$/i.test(text)) return text.toUpperCase();
  }
  return "SELECT";
}

function pragmaKind({ tokens }: Piece, words: readonly string[]): StatementKind {
  const name = words[words.length > 2 && tokens.some(({ text }) => text === ".") ? 2 : 1]?.toLowerCase() ?? "";
  const hasValue = tokens.some(({ text }) => text === "=" || text === "(");
  if (READ_PRAGMAS.has(name)) return { ...NOTHING, kind: "read" };
  if (PRAGMAS.has(name) || (PRAGMAS_TO_READ.has(name) && !hasValue))
    return { ...NOTHING, kind: "write", setsState: hasValue };
  return NOTHING;
}
