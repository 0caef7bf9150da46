/** Words of workerd's, thrown ahead of a request that it does not send. */
const REFUSAL =
  /too many (?:subrequests|api requests)[^.]*|disallowed operation called within global scope|cannot perform i\/o on behalf of a different [\w ]+/i;

/** Why the platform has sent nothing, in its own words: those of a fixed list, in which no value can be. */
export function platformRefusal(words: string): string | undefined {
  return REFUSAL.exec(words)?.[0];
}
