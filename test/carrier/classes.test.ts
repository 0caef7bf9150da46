// Every kind of function that a class can have.

import { test } from "vitest";
import { expectAgreement } from "./agreement.ts";

test.each<[string, string, string]>([
  ["a method", "async m() { await timer(); p(1); }", "new C().m()"],
  ["a method of the super class", "async m() { await timer(); await super.m(); p(1); }", "new C().m()"],
  ["a static method", "static async m() { await timer(); p(1); return new.target; }", "C.m()"],
  ["a private method", "async #m() { await timer(); p(1); } m() { return this.#m(); }", "new C().m()"],
  ["a function made in a getter", "get m() { return (async () => { await timer(); p(1); })(); }", "new C().m"],
  ["a function in a field", "m = async () => { await timer(); p(1); return this; };", "new C().m()"],
  ["a function in a static field", "static m = async () => { await timer(); p(1); };", "C.m()"],
  ["a function in a static block", "static { this.m = async () => { await timer(); p(1); }; }", "C.m()"],
  ["a computed name that is awaited", "[await (p(1), 'm')]() { return [p(2)]; }", "new C().m()"],
  [
    "a class in a class",
    "m() { return new (class { n = async () => { await timer(); p(1); } })().n(); }",
    "new C().m()",
  ],
])("%s of a class keeps the context", async (_name, member, call) => {
  await expectAgreement(`class B { async m() { await timer(); p(0); } }
    async function main() { class C extends B { ${member} } await ${call}; p(9); }`);
});
