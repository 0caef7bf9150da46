import type { Time } from "./time.ts";

/** When an answer comes: at once, after some microtasks, after some time. */
export interface Patience {
  readonly kind: "now" | "hops" | "time";
  readonly count: number;
}

/** @returns whether it was waited for to the end; `false`: the signal came first. */
export async function wait(time: Time, { kind, count }: Patience, signal: AbortSignal | undefined): Promise<boolean> {
  if (kind === "now") return !signal?.aborted;
  if (kind === "hops") {
    for (let hop = 0; hop < count; hop++) {
      await Promise.resolve();
      if (signal?.aborted) return false;
    }
    return true;
  }
  return new Promise((resolve) => {
    const onAbort = (): void => {
      time.clearTimeout(timer);
      resolve(false);
    };
    const timer = time.after(count, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(true);
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}
