/**
 * Refuses an option that nothing reads: most likely it is another one, misspelt.
 *
 * @param of - what takes the options: `"session"`.
 * @throws TypeError that names the option, and the nearest one there is.
 */
export function checkNames(options: object | undefined, known: readonly string[], of: string): void {
  for (const [name, value] of Object.entries(options ?? {})) {
    if (known.includes(name) || value === undefined) continue;
    const nearest = known.reduce((best, each) => (distance(name, each) < distance(name, best) ? each : best));
    throw new TypeError(`Expected no option \`${name}\` of ${of}: did you mean \`${nearest}\`?`);
  }
}

/** How many letters must be added, dropped or changed to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const letter of from)
    row = row.reduce<number[]>((next, above, index) => {
      const changed = row[index - 1]! + Number(letter !== to[index - 1]);
      return [...next, index === 0 ? above + 1 : Math.min(above + 1, next[index - 1]! + 1, changed)];
    }, []);
  return row.at(-1)!;
}
