// Which statements only read, as far as a text shows. A function may do anything: only those that are known are let pass. What
// is mistaken for a read is refused by the server, in its READ ONLY transaction, but for what no transaction holds.

import { scan } from "../postgres/scan.ts";
import { wordsOf } from "../postgres/words.ts";

const READS = /^[( ]*(SELECT|VALUES|WITH|TABLE) /;
const WRITES = /\b(INSERT|UPDATE|DELETE|MERGE|INTO|SHARE) /;
/** A word, or a quoted name, that stands before a parenthesis. */
const CALL = /(\S+ )?([\w$]+|") \(/g;
const SYNTAX =
  "SELECT|FROM|WHERE|AND|OR|NOT|ON|USING|AS|IN|ANY|SOME|ALL|EXISTS|BY|LIMIT|OFFSET|UNION|EXCEPT|INTERSECT|DISTINCT|LATERAL|CASE|WHEN|THEN|ELSE|HAVING|JOIN|VALUES|OVER|FILTER|GROUP|I?LIKE|BETWEEN|MATERIALIZED|ROW|ARRAY|CAST|INTERVAL|NUMERIC|DECIMAL|(VAR)?CHAR|TIME(STAMP)?(TZ)?";
const FUNCTIONS =
  "COUNT|SUM|MIN|MAX|AVG|(ROW|BOOL|STRING|ARRAY|JSONB?|REGEXP|DATE|TO|MAKE|FIRST|LAST|TS)_\\w+|(DENSE_)?RANK|LAG|LEAD|COALESCE|NULLIF|GREATEST|LEAST|LOWER|UPPER|LENGTH|[LRB]?TRIM|LEFT|RIGHT|SUBSTR(ING)?|REPLACE|CONCAT(_WS)?|FORMAT|SPLIT_PART|POSITION|MD5|ENCODE|DECODE|ROUND|FLOOR|CEIL(ING)?|ABS|MOD|POWER|TRUNC|NOW|AGE|EXTRACT|CARDINALITY|UNNEST|GENERATE_SERIES|(PLAIN|WEBSEARCH_)TO_TSQUERY";
const KNOWN = new RegExp(`^(${SYNTAX}|${FUNCTIONS})$`);

export function isRead(text: string): boolean {
  const head = `${wordsOf(text).words.join(" ")} `;
  if (!READS.test(head) || WRITES.test(head) || scan(text).leavesState) return false;
  for (const [, before, name] of head.matchAll(CALL)) if (before === ". " || !KNOWN.test(name!)) return false;
  return true;
}
