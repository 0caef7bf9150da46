/**
 * Refuses an option that nothing reads: most likely it is another one, misspelt.
 *
 * @param of - what takes the options: `"a session"`.
 * @throws TypeError that names the option, and the nearest one there is.
 */
export function checkNames(options: object | undefined, known: readonly string[], of: string): void {
  for (const [name, value] of Object.entries(options ?? {})) {
    if (known.includes(name) || value === undefined) continue;
    const nearest = known.reduce((best, each) => (likeness(name, each) > likeness(name, best) ? each : best));
    throw new TypeError(`Expected no option \`${name}\` of ${of}: did you mean \`${nearest}\`?`);
  }
}

/** How many pairs of letters of a name are in another one. */
function likeness(name: string, other: string): number {
  return Array.from(name, (_, index) => name.slice(index, index + 2)).filter((pair) => other.includes(pair)).length;
}
