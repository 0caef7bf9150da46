import { systemClock } from "../../clock.ts";
import { isDbError } from "../../errors.ts";
import { orAbort } from "../shared/waits.ts";

// The server has no room, or is not up yet: by PostgreSQL, and by Neon's proxy, proxy/src/serverless/backend.rs.
const NO_ROOM =
  /too many (clients|connections?)|connection slots|starting up|not yet accepting|couldn't connect to compute|failed to acquire permit|control plane/i;
const SCARCE_MS = 10_000;
const [SHORTEST_MS, LONGEST_MS] = [50, 1_000];

/** Whether the error says that the server is full, with nothing executed. */
function isNoRoom(error: unknown): boolean {
  return isDbError(error, "CONNECT_FAILED") && error.retryable && NO_ROOM.test(error.message);
}

/** What is known of a server's room, by all connections to it. */
export class Room {
  #scarceUntil = 0;

  /** It had none a while ago: who comes now waits, and logs in before it is sent anything. */
  get isScarce(): boolean {
    return systemClock.now() < this.#scarceUntil;
  }

  note(error: unknown): void {
    if (isDbError(error, "CONNECT_FAILED") && error.retryable) this.#scarceUntil = systemClock.now() + SCARCE_MS;
  }

  /** Does the work again while there is no room, for as long as an open may take. */
  async waitFor<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const endsAt = systemClock.now() + SCARCE_MS;
    for (let pauseMs = SHORTEST_MS; ; pauseMs = Math.min(LONGEST_MS, 2 * pauseMs)) {
      try {
        return await work();
      } catch (error) {
        if (!isNoRoom(error) || systemClock.now() + pauseMs > endsAt) throw error;
        await orAbort(pause(pauseMs), signal);
      }
    }
  }
}

/** With jitter, so that those who were refused together do not come back together. */
export function pause(longestMs: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimeout(resolve, longestMs * (0.5 + Math.random() / 2)));
}
