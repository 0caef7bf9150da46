// The tests' own config, with one file of src/ changed: MUTANT is its path, MUTANT_CODE what is read in its place.

import { readFileSync } from "node:fs";
import { mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";

const { MUTANT, MUTANT_CODE = "" } = process.env;

export default mergeConfig(base, {
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      load: (id: string) => (id === MUTANT ? readFileSync(MUTANT_CODE, "utf8") : undefined),
    },
  ],
});
