import { systemClock } from "../../clock.ts";
import { reasonOf } from "../../signal.ts";
import type { Answer } from "./pipeline.ts";
import type { Answering } from "./wire.ts";

/**
 * Waits for an answer, in one promise: every flight waits here.
 *
 * @param firstMs - longest wait for its first part, in milliseconds; 0 = as long as for the whole.
 * @param timeoutMs - longest wait for the whole; 0 = for ever.
 * @param abandon - called when it is given up: what takes too long, if that is why. Makes the error.
 */
export function waitForAnswer(
  running: Answering,
  firstMs: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  abandon: (late?: string) => Error | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = (late?: string): void => {
      leave();
      reject(abandon(late) ?? reasonOf(signal!));
    };
    const onFirst = (): void => {
      if (!running.hasBegun) giveUp(`${firstMs} ms`);
    };
    const onAbort = (): void => giveUp();
    const first = firstMs > 0 && systemClock.setTimeout(onFirst, firstMs);
    const whole =
      timeoutMs > 0 && systemClock.setTimeout(() => giveUp(`${timeoutMs} ms: see \`answerTimeoutMs\``), timeoutMs);
    const leave = (): void => {
      systemClock.clearTimeout(first);
      systemClock.clearTimeout(whole);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    running.answer.then(
      (answer) => {
        leave();
        resolve(answer);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}
