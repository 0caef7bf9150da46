// Every change of the public surface shows in a diff of test/api. `npm run api` records it anew.

import { join } from "node:path";
import { expect, test } from "vitest";
import { exportedNames, publicDeclarations } from "./declarations.ts";
import { entries, root } from "./package.ts";

test.each(entries)("the public surface of $name is as reviewed", async ({ name, types }) => {
  const names = exportedNames(types);
  expect(names).not.toEqual([]);
  const report = `// ${name}: ${names.join(", ")}\n\n${publicDeclarations(types)}`;
  await expect(report).toMatchFileSnapshot(join(root, "test", "api", `${name.replaceAll("/", ".")}.d.ts.txt`));
});
