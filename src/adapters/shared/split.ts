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
    // It reads on to what is put behind only where it has found nothing, and no comment that is never closed.
    else if (strayIn(`x;${rest}\ny`) !== rest.length + 3) all.push(rest.trim());
  }
  return all;
}
