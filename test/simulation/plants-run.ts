// Finds planted faults: the first schedule of each that fails with it, and does not without it.

import { plants } from "./plants.ts";
import { story } from "./story.ts";
import type { Lib } from "./world.ts";

export interface PlantFound {
  readonly name: string;
  /** After how many schedules it was found; `undefined`: it was not. */
  readonly after: number | undefined;
  readonly within: number;
  readonly invariant: string | undefined;
}

/** @param part - which of how many processes this is. */
export async function findPlants(
  lib: Lib,
  skip: ReadonlySet<string>,
  part: { readonly at: number; readonly of: number },
  told: (found: PlantFound) => void,
): Promise<void> {
  for (const [index, [name, { plant, within }]] of Object.entries(plants).entries()) {
    if (index % part.of !== part.at) continue;
    let found: PlantFound = { name, after: undefined, within, invariant: undefined };
    for (let seed = 1; seed <= within && found.after === undefined; seed++) {
      const { violations } = await story(lib, seed, { skip, plant });
      if (violations.length === 0) continue;
      const without = await story(lib, seed, { skip });
      if (without.violations.length === 0) found = { ...found, after: seed, invariant: violations[0]!.invariant };
    }
    told(found);
  }
}
