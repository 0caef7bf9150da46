import type { PoolEvent } from "../contract/events.ts";
import { checkFunction } from "./options.ts";

export type Tell = ((event: PoolEvent) => void) | undefined;

/** A listener that cannot stop the pool by throwing; `undefined` when nobody listens, so that no event is made. */
export function teller(onEvent: Tell): Tell {
  if (onEvent !== undefined) checkFunction(onEvent, "`onEvent`");
  return (
    onEvent &&
    ((event) => {
      try {
        onEvent(event);
      } catch {
        // Its own business: there is nobody to tell.
      }
    })
  );
}
