// `using` and `await using`: a resource is disposed of in the context of the block that declared it.

import { expect, test } from "vitest";
import { disagreements, expectAgreement, probesOf } from "./agreement.ts";

test.each<[string, string]>([
  ["at the end of a function", "await timer(); await using a = asyncResource(), b = resource(); p(1);"],
  ["at the end of a block", "{ await using a = asyncResource(); p(1); } p(2);"],
  [
    "one after the other",
    "{ await using a = asyncResource(); using b = resource(); await using c = resource(); await timer(); } p(2);",
  ],
  ["that is none", "{ await using a = null, b = undefined; using c = null; p(1); } p(2);"],
  [
    "after a rejection",
    "try { await using a = asyncResource(); using b = resource(); await rejected(); } catch { p(1); } p(2);",
  ],
  ["of a plain using, after a rejection", "try { using a = resource(); await rejected(); } catch { p(1); } p(2);"],
  ["of each step of a loop", "for (await using a of [asyncResource(), resource()]) p(1); p(2);"],
  [
    "of each step of a for await",
    "for await (await using a of [asyncResource(), asyncResource()]) { p(1); await timer(); } p(2);",
  ],
  ["of a plain using in a loop", "for (using a of [resource(), resource()]) { p(1); await timer(); } p(2);"],
  ["that gives a thenable", "{ await using a = { [Symbol.asyncDispose]: () => thenable() }; await timer(); } p(1);"],
  [
    "with a return",
    "await (async () => { await using a = asyncResource(); await timer(); return thenable(); })(); p(1);",
  ],
])("disposal %s", async (_name, body) => {
  await expectAgreement(`async function main() { ${body} }`);
});

test("what a plain dispose gives is not awaited", async () => {
  const resource = "{ await using a = { [Symbol.dispose]: () => (p('dispose'), thenable()) }; await timer(); }";
  const probes = await probesOf(`async function main() { ${resource} p(1); }`);
  expect(disagreements(probes)).toEqual([]);
  const own = probes.filter((probe) => probe.expected === "A").map(({ place }) => place);
  expect(own).toEqual(["dispose", 1]);
});

// What lowers `using` for Node does not know it in this place.
test("disposal of a for loop, with a label", async () => {
  const probes = await probesOf(`async function main() {
    let n = 2;
    again: for (await using a = asyncResource(), b = resource(); n--; p(1)) { await timer(); continue again; }
    p(2);
  }`);
  expect(disagreements(probes)).toEqual([]);
  const own = probes.filter((probe) => probe.expected === "A").map(({ place }) => place);
  expect(own.slice(-3)).toEqual(["dispose", "asyncDispose", 2]);
  expect(probes.filter(({ place }) => place === "asyncDispose").length).toBe(3);
});
