import { systemClock } from "../../../clock.ts";
import type { OpenPlace } from "./commit-storage.ts";
import { storageFailed } from "./failure.ts";
import { webLocks } from "./platform.ts";

/** A page that is reloaded meets the lock of its former self: it waits for it this long. */
const PATIENCE_MS = 3_000;

/**
 * Holds a Web Lock, which no other tab or worker has then. Where there are none, nothing is held.
 *
 * @param options.takesOver - whoever holds it loses it, and is told so by its own `onLost`.
 * @returns gives it back.
 * @throws DbError `STORAGE_FAILED`, reason `locked`.
 */
export function holdLock(path: string, name: string, { takesOver, onLost }: OpenPlace = {}): Promise<() => void> {
  const locks = webLocks();
  if (!locks) return Promise.resolve(() => undefined);
  const patience = new AbortController();
  const timer = systemClock.setTimeout(() => patience.abort(), PATIENCE_MS);
  let isHeld = false;
  return new Promise((resolve, reject) => {
    locks
      .request(path, takesOver ? { steal: true } : { signal: patience.signal }, () => {
        systemClock.clearTimeout(timer);
        isHeld = true;
        return new Promise<void>((release) => resolve(release));
      })
      .catch((error: unknown) => {
        if (isHeld) onLost?.();
        else reject(patience.signal.aborted ? storageFailed(name, "locked", error) : error);
      });
  });
}
