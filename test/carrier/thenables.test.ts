// A thenable is asked in the context: query builders run in their `then`.

import { test } from "vitest";
import { expectAgreement } from "./agreement.ts";

test.each<[string, string]>([
  ["is awaited", "async function main() { await timer(); await thenable(); p(1); }"],
  [
    "is returned",
    "async function f() { await timer(); return thenable(); } async function main() { await f(); p(1); }",
  ],
  [
    "is returned by a function that awaits nothing",
    "async function f() { return thenable(); } async function main() { await f(); p(1); }",
  ],
  [
    "is returned by an arrow function",
    "const f = async () => thenable(), g = async () => (await 1, thenable()); async function main() { await f(); p(1); await g(); p(2); }",
  ],
  [
    "is returned by a method",
    "class C { async m() { if (1) return thenable(); } } async function main() { await new C().m(); p(1); }",
  ],
  ["is a promise of another class", "async function main() { await timer(); await subclass(); p(1); }"],
  ["is a step of a loop", "async function main() { for await (const x of [thenable(), thenable()]) p(1); p(2); }"],
])("a thenable that %s", async (_name, source) => {
  await expectAgreement(source);
});
