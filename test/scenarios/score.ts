import type { ContextProvider } from "../../src/contract/context.ts";
import { awaits } from "./awaits.ts";
import { callbacks } from "./callbacks.ts";
import { flows } from "./flows.ts";
import { iteration } from "./iteration.ts";
import { sleep } from "./library.ts";
import { platform } from "./platform.ts";
import type { Ambient, Scenario } from "./scenario.ts";

export const scenarios: readonly Scenario[] = [...awaits, ...flows, ...callbacks, ...iteration, ...platform];

/** `lost`: nobody was current where somebody should be, which is told. `wrong`: somebody else was. */
export type Verdict = "right" | "lost" | "wrong" | "impossible";

export interface Judged {
  readonly name: string;
  readonly verdict: Verdict;
  readonly seen: unknown;
}

/** Plays all scenarios, one after the other. */
export async function judge(provider: ContextProvider): Promise<Judged[]> {
  const on = ambient(provider);
  const judged: Judged[] = [];
  for (const { name, expected, isPossible, play } of scenarios) {
    if (isPossible && !isPossible()) {
      judged.push({ name, verdict: "impossible", seen: undefined });
      continue;
    }
    const seen = await Promise.race([
      (async () => play(on))().catch((error: unknown) => `threw ${String(error)}`),
      sleep(5_000).then(() => "did not end"),
    ]);
    judged.push({ name, verdict: verdictOf(seen, expected), seen });
  }
  return judged;
}

function ambient(provider: ContextProvider): Ambient {
  const owner = {};
  return {
    run: (value, work) => provider.run({ owner, session: { value }, parent: provider.current() }, work),
    get: () => (provider.current()?.session as { value: string } | undefined)?.value ?? null,
  };
}

function verdictOf(seen: unknown, expected: unknown): Verdict {
  if (JSON.stringify(seen) === JSON.stringify(expected)) return "right";
  const [left, right] = [seen, expected].map((each) => (Array.isArray(each) ? (each as unknown[]) : [each]));
  // In a list, and within a text that was made of it.
  const isLost = left!.every(
    (each, index) => each === right![index] || each === null || /^null\d?$/.test(String(each)),
  );
  return isLost ? "lost" : "wrong";
}
