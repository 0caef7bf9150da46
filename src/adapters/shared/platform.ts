/** Words of workerd's, thrown ahead of a request that it does not send. */
const REFUSAL = /[\w ]*(subrequests|api requests|global scope|different request)[\w ]*/i;

/** Why the platform has sent nothing, in its own words: those of a fixed list, in which no value can be. */
export function platformRefusal(thrown: unknown): string | undefined {
  return REFUSAL.exec(String(thrown))?.[0].trim();
}

/** Nothing has left: the connection is as it was, and in another request it can be used. */
export function isUnsent(error: unknown): boolean {
  return REFUSAL.test(String(error));
}
