const COMMENT = /--[^\n]*|\/\*[^]*?\*\//g;

/**
 * Cuts a text into its statements. What is nothing but comments and semicolons is none.
 *
 * @param strayIn - where a second statement begins; -1 where none does.
 */
export function splitBy(strayIn: (text: string) => number, text: string): string[] {
  const all: string[] = [];
  for (let rest = text, stray = 0; stray >= 0; rest = rest.slice(stray)) {
    stray = strayIn(rest);
    if (stray >= 0) all.push(rest.slice(0, stray).trim());
    else if (/[^\s;]/.test(rest.replace(COMMENT, ""))) all.push(rest.trim());
  }
  return all;
}
