// Finds what a syntax tree does not tell: parentheses, commas and `of`. Between two nodes stand only these and comments.

/** The first index from `from` on where neither white space nor a comment is. */
export function skipTrivia(code: string, from: number): number {
  let at = from;
  for (;;) {
    while (/\s/.test(code.charAt(at))) at++;
    if (code.startsWith("//", at)) at = lineEnd(code, at);
    else if (code.startsWith("/*", at)) at = code.indexOf("*/", at + 2) + 2;
    else return at;
  }
}

function lineEnd(code: string, from: number): number {
  const found = /[\n\r\u2028\u2029]/.exec(code.slice(from));
  return found === null ? code.length : from + found.index;
}

/** The index behind the first `word` from `from` on, comments aside. */
export function behind(code: string, word: string, from: number): number {
  let at = skipTrivia(code, from);
  while (!code.startsWith(word, at)) {
    if (at >= code.length) throw new Error(`Expected \`${word}\` behind index ${from}`);
    at = skipTrivia(code, at + 1);
  }
  return at + word.length;
}

/** The index of the last `)` between `from` and `to`, comments aside. */
export function lastParenthesis(code: string, from: number, to: number): number {
  let found = -1;
  for (let at = skipTrivia(code, from); at < to; at = skipTrivia(code, at + 1)) if (code[at] === ")") found = at;
  return found;
}

/** Where a statement's expression ends: before its semicolon, if it has one. */
export function beforeSemicolon(code: string, end: number): number {
  return code[end - 1] === ";" ? end - 1 : end;
}

/**
 * True where a line break must have ended a statement at `end`, and would not if a call ended there: what comes next would be taken
 * for more of it.
 *
 * @param isOperand - operators behind it belong to it anyway: `await x`, unlike `yield x`.
 */
export function isOpenEnd(code: string, end: number, isOperand: boolean): boolean {
  return (isOperand ? /[([`]/ : /[([`+\-/<]/).test(code.charAt(skipTrivia(code, end)));
}
