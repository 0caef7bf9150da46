// Which statements only read, as far as a text shows. A function may do anything: only those that are known are let pass. What
// is mistaken for a read is refused by the server, in its READ ONLY transaction, but for what no transaction holds.

const READS = /^[( ]*(SELECT|VALUES|WITH|TABLE) /;
const WRITES = /\b(INSERT|UPDATE|DELETE|MERGE|INTO|SHARE) /;
/** A word, or a quoted name, that stands before a parenthesis. */
const CALL = /(\S+ )?([\w$]+|") \(/g;
const SYNTAX =
  "SELECT|FROM|WHERE|AND|OR|NOT|ON|USING|AS|IN|ANY|SOME|ALL|EXISTS|BY|LIMIT|OFFSET|FETCH|UNION|EXCEPT|INTERSECT|DISTINCT|LATERAL|CASE|WHEN|THEN|ELSE|HAVING|JOIN|VALUES|OVER|FILTER|GROUP|I?LIKE|BETWEEN|MATERIALIZED|ROW|ARRAY|CAST|SETS|ROLLUP|CUBE|INTERVAL|NUMERIC|DECIMAL|VARCHAR|CHAR|TIME(STAMP)?(TZ)?";
const FUNCTIONS =
  "COUNT|SUM|MIN|MAX|AVG|EVERY|MODE|(ROW|ANY)_\\w+|(BOOL|BIT|STRING|ARRAY|JSONB?|REGEXP|DATE|TO|MAKE|PERCENTILE|FIRST|LAST|NTH|TS|STDDEV|VAR)_\\w+|(STDDEV|VARIANCE)|((DENSE|PERCENT)_)?RANK|CUME_DIST|NTILE|LAG|LEAD|COALESCE|NULLIF|GREATEST|LEAST|LOWER|UPPER|INITCAP|(\\w+_)?LENGTH|[LRB]?TRIM|[LR]PAD|LEFT|RIGHT|SUBSTR(ING)?|REPLACE|REVERSE|REPEAT|TRANSLATE|CONCAT(_WS)?|FORMAT|SPLIT_PART|STRPOS|POSITION|STARTS_WITH|MD5|ENCODE|DECODE|ROUND|FLOOR|CEIL(ING)?|ABS|MOD|DIV|POWER|SQRT|EXP|LN|LOG|SIGN|TRUNC|NOW|AGE|EXTRACT|CARDINALITY|UNNEST|GENERATE_SERIES|(PLAIN|PHRASE|WEBSEARCH_)?TO_TSQUERY";
const KNOWN = new RegExp(`^(${SYNTAX}|${FUNCTIONS})$`);

/** @param head - the words of a statement, as `scan.ts` has them. */
export function isReadOf(head: string): boolean {
  if (!READS.test(head) || WRITES.test(head)) return false;
  for (const [, before, name] of head.matchAll(CALL)) if (before === ". " || !KNOWN.test(name!)) return false;
  return true;
}
