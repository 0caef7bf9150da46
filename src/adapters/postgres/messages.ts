import type { ServerError } from "./wire.ts";

// What quotes what it was given: data exceptions, texts in languages of their own, settings. And what anybody may have written:
// functions, extensions, drivers of foreign data.
const SHOWING = /^(22|3[489F]|42601|42704|58|F0|HV|P0|XX)/;
// What names something: that name is the text's own where the error has a place in it. Else a value may be the name, as in
// `nextval($1)`, `$1::regclass` or a function's EXECUTE.
const NAMING = /^(42|55000)/;

/** Whether the message may hold parameter values: a function that raises an error may give it any code. */
export function showsValues({ code, routine, position }: ServerError): boolean {
  const isNamed = !position && NAMING.test(code ?? "");
  return isNamed || SHOWING.test(code ?? "XX") || routine === "exec_stmt_raise";
}

/**
 * Covers values that a message shows: whole ones, or what stands in quotes and is part of one. What the statement's own text
 * holds is no secret.
 */
export function cover(message: string, sql: string, values: readonly unknown[]): string {
  // The longest first: one may be part of another.
  const texts = values
    .map((value) => String(value ?? ""))
    .filter((text) => text !== "")
    .sort((a, b) => b.length - a.length);
  // PostgreSQL tells names and units in lower case, however they were given.
  const lower = texts.map((text) => text.toLowerCase());
  const isPart = (quoted: string): boolean => {
    const inner = quoted.toLowerCase();
    return (
      !sql.includes(quoted) && lower.some((text) => text.includes(inner) || (text.length > 2 && inner.includes(text)))
    );
  };
  return texts
    .reduce((rest, text) => coverWhole(rest, text, sql), message)
    .replace(/"([^"]+)"|'([^']+)'/g, (part, double?: string, single?: string) => {
      const inner = double ?? single!;
      return inner !== "?" && isPart(inner) ? `${part[0]}?${part[0]}` : part;
    });
}

// Letters inside of words are left alone, and so are short words, which would be any: "a".
function coverWhole(message: string, text: string, sql: string): string {
  const quoted = message.replaceAll(`"${text}"`, sql.includes(`"${text}"`) ? "$&" : '"?"');
  if (!/^-?[\d.]+$/.test(text) && text.length < 3) return quoted;
  const isWord = (letter: string | undefined): boolean => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);
  return quoted.replaceAll(text, (found, at: number) => {
    const isInside =
      (isWord(found[0]) && isWord(quoted[at - 1])) || (isWord(found.at(-1)) && isWord(quoted[at + found.length]));
    return isInside ? found : "?";
  });
}
