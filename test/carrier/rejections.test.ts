// A rejection arrives in the context: in catch and finally, and in what the engine calls on the way there.

import { test } from "vitest";
import { expectAgreement } from "./agreement.ts";

test.each<[string, string]>([
  ["a catch", "async function main() { try { await rejected(); } catch { p(1); } p(2); }"],
  [
    "a catch that takes the error apart",
    "async function main() { try { await rejected(); } catch ({ a = p(1), b = p(2) }) { var c = 1; } p(3); }",
  ],
  [
    "a catch that awaits, and fails",
    "async function main() { try { try { await rejected(); } catch { p(1); await rejected(); } } catch { p(2); } p(3); }",
  ],
  ["a finally", "async function main() { try { try { await rejected(); } finally { p(1); } } catch { p(2); } }"],
  [
    "a finally behind a catch that failed",
    "async function main() { try { try { throw 1; } catch { await rejected(); } finally { p(1); } } catch { p(2); } }",
  ],
  [
    "a finally that awaits, with a return in the try",
    "async function f() { try { await timer(); return 1; } finally { await timer(); p(1); } } async function main() { await f(); p(2); p(3); }",
  ],
  [
    "a finally that overrides",
    "async function f() { for (;;) try { await rejected(); } finally { p(1); break; } } async function main() { await f(); p(2); }",
  ],
  [
    "an error that was thrown before any await",
    "async function f() { try { throw 1; } catch { p(1); } await timer(); } async function main() { const x = f(); p(2); await x; p(3); }",
  ],
  [
    "the caller of a function that failed",
    "async function f() { await timer(); throw 1; } async function main() { try { await f(); } catch { p(1); } await timer(); p(2); }",
  ],
  [
    "the iterator of a loop that it ends",
    "async function main() { try { for (const x of closing()) await rejected(); } catch { p(1); } p(2); }",
  ],
  [
    "the iterator of a loop whose head fails",
    "async function main() { try { for (const { a = await rejected() } of closing(true)); } catch { p(1); } }",
  ],
  [
    "the iterator of a destructuring",
    "async function main() { try { const [a = await rejected()] = closing(); } catch { p(1); } }",
  ],
  [
    "the iterator of an assignment",
    "async function main() { let a; try { [a = await rejected()] = closing(); } catch { p(1); } [a = await timer()] = [p(2)]; }",
  ],
])("%s is run in the context of the function", async (_name, source) => {
  await expectAgreement(source);
});
