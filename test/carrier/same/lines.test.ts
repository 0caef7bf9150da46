// Where a line, a statement or an expression ends: what is put in neither ends it, nor draws in what comes behind it.

import { test } from "vitest";
import { expectSame } from "../same.ts";

// Nothing of the author's says that these end, but what comes behind cannot be a part of them: unlike a call.
test.each<[string, string]>([
  ["a list that is returned", "let x; await 0; return x = 1, x + 1"],
  ["a list that is returned, and what it awaits", "let x; return x = await 1, /* , */ x + (await 2) /* ; */ ;"],
  ["a list that is returned where nothing is awaited", "return (async () => { let x; return x = 1, x + 1 })()"],
])("%s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});

test("a list that a generator returns", async () => {
  await expectSame(`async function* g() { let x; return x = 1, x + 1 } async function* h() { return yield 1, yield 2 }
    async function main() { const i = h(); return [await g().next(), await i.next(), await i.next(), await i.next(3)] }`);
});
