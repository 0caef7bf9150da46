import { systemClock } from "../../clock.ts";
import { isDbError } from "../../errors.ts";
import { orAbort } from "../shared/waits.ts";
import { saysNoRoom } from "./errors.ts";

const SCARCE_MS = 10_000;
const [SHORTEST_MS, LONGEST_MS] = [50, 1_000];

/** What is known of a server's room, by all connections to it. */
export class Room {
  #scarceUntil = 0;

  /** It had none a while ago: who comes now waits, and logs in before it is sent anything. */
  get isScarce(): boolean {
    return systemClock.now() < this.#scarceUntil;
  }

  note(error: unknown): void {
    if (isRefusal(error)) this.#scarceUntil = systemClock.now() + SCARCE_MS;
  }

  /** Does the work again while there is no room, for as long as an open may take. */
  async waitFor<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const endsAt = systemClock.now() + SCARCE_MS;
    for (let pauseMs = SHORTEST_MS; ; pauseMs = Math.min(LONGEST_MS, 2 * pauseMs)) {
      try {
        return await work();
      } catch (error) {
        if (!isRefusal(error) || !saysNoRoom(error.message) || systemClock.now() + pauseMs > endsAt) throw error;
        await orAbort(pause(pauseMs), signal);
      }
    }
  }
}

function isRefusal(error: unknown): error is Error {
  return isDbError(error, "CONNECT_FAILED") && error.retryable;
}

/** With jitter, so that those who were refused together do not come back together. */
export function pause(longestMs: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimeout(resolve, longestMs * (0.5 + Math.random() / 2)));
}
