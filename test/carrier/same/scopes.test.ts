// Which variable a name means: bodies become blocks of their own, and patterns move.

import { test } from "vitest";
import { expectSame } from "../same.ts";

test.each<[string, string]>([
  [
    "a catch whose pattern names what its body hides",
    "let b = 1; try { await rejected() } catch ({ a = b }) { let b = 2; return [a, b] }",
  ],
  [
    "a catch whose body declares a function over its pattern",
    "try { await rejected() } catch ({ message }) { return f(); function f() { return message } }",
  ],
  [
    "a catch whose pattern is closed over",
    "try { await rejected() } catch ({ a = 1, f = () => a }) { a = 5; return f() }",
  ],
  ["a catch that has a var of its name", "try { await Promise.reject(1) } catch (e) { var e = 2; log(e) } return e"],
  [
    "a catch in a catch",
    "try { await rejected() } catch ({ message: a }) { try { await rejected() } catch ({ b = a }) { return b } }",
  ],
])("%s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});

test.each<[string, string]>([
  ["a function in a block", "{ function f() { return 2 } }"],
  ["a function in a loop", "for (const x of [3]) { function f() { return x } }"],
  ["a function in a switch", "switch (1) { case 1: function f() { return 5 } }"],
  ["a function in a block with a label", "a: { function f() { return 6 } }"],
  ["a function in a block, twice", "{ function f() { return 7 } } { function f() { return 8 } }"],
  ["an async function in a block", "{ async function f() { return 9 } }"],
  ["a function in another", "(() => { { function f() { return 10 } } })()"],
  ["a function under a let", "{ let f = 11; { function f() { return 12 } } }"],
  ["a var in a block", "{ var f = () => 13 }"],
  ["a var in the head of a loop", "for (var f of [() => 14]);"],
  ["a var in a catch", "try { throw 1 } catch (f) { var f = 2 }"],
  ["a var in a pattern", "var [{ a: [f = () => 15] }] = [{ a: [] }]"],
])("a function and %s share a name as they did, in sloppy code and in strict", async (_name, statement) => {
  for (const directive of ["", "'use strict';"]) {
    await expectSame(
      `async function main() { ${directive} await 0; log(f()); ${statement}; return f(); function f() { return 1 } }`,
    );
  }
});

test("functions that share a name share it, in sloppy code and in strict", async () => {
  for (const directive of ["", "'use strict';"]) {
    const body =
      "log(f()); function f() { return 1 } await 0; function f() { return 2 } return f(); function f() { return 3 }";
    await expectSame(`async function main() { ${directive} ${body} }`);
  }
});

// Strict code has no such functions.
test.each<[string, string]>([
  ["an if", "if (1) function f() { return 2 }"],
  ["a label", "l: function f() { return 3 }"],
])("a function and a function in %s share a name as they did", async (_name, statement) => {
  await expectSame(`async function main() { await 0; log(f()); ${statement}; return f(); function f() { return 1 } }`);
});
