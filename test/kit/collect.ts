import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects garbage, now. */
export const collect = runInNewContext("gc") as () => void;

/** Collects garbage until `isDone`, or for some time: what WeakRefs and finalizers do takes a few turns of the event loop. */
export async function collectUntil(isDone: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 50 && !isDone(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    collect();
  }
  return isDone();
}
