// Every function that a user may call shows how. The examples of pages are compiled by readme-examples.test.ts.

import { expect, test } from "vitest";
import { withoutExample } from "./declarations.ts";
import { entries } from "./package.ts";

// Only code that the plugin has compiled calls the functions of that entry.
test.each(entries.filter(({ name }) => !/^isopool\/(?:carrier|fuse)-runtime$/.test(name)))(
  "every function of $name has an example",
  ({ types }) => {
    expect(withoutExample(types)).toEqual([]);
  },
);
