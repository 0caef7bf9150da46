import { FakeClock as PublicClock } from "../../src/integrations/testing/fake-clock.ts";

/** The public one; promises settle by `setImmediate`, which is faster than a timer. */
export class FakeClock extends PublicClock {
  constructor(now?: number, settlePromises: () => Promise<void> = settle) {
    super(now, settlePromises);
  }
}

/** Lets every promise that can settle do so: they are all ahead of the next macrotask. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
