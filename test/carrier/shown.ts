import { inspect } from "node:util";

/** A value for comparison: without what differs from run to run, or with the text of the program. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 5 })
    .replaceAll(/Promise \{[^}]*\}/g, "a promise")
    .replaceAll(/\n\s+at .*/g, "");
}
