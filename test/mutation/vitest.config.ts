// What a mutant meets that no schedule of the simulation has noticed.

import { mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import base from "../vitest.config.ts";

/** Half of the time goes to these: most mutants are noticed ahead of them. */
const SLOW =
  /\/(abort-at-close|call-lines|given-up-part|hooks|long-times|ride|sharing|statement-scope|stream-end|unhandled)\.test\.ts$/;

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => Number(SLOW.test(moduleId));
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

const { test, ...rest } = base;

export default mergeConfig(
  { ...rest, test: { ...test, setupFiles: [], include: [], exclude: [], typecheck: { enabled: false } } },
  {
    test: {
      include: ["test/{pool,session,database}/*.test.ts"],
      // Slow, or about memory and processes; and a simulation meets each mutant already.
      exclude: ["**/{*-cost,abort-at-commit,churn,dropped,migrations,simulation,stacks}.test.ts"],
      isolate: false,
      sequence: { sequencer: QuickFirst },
      // A mutant makes some tests hang: it has been noticed then, and nothing is computed until the time is over. None takes a second alone.
      testTimeout: 5_000,
      hookTimeout: 5_000,
      expect: { poll: { timeout: 3_000 } },
    },
  },
);
