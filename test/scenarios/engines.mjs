// `npm run scenarios`: the scenarios of contexts and of stored databases in the browsers that are here: Chromium, Firefox, WebKitGTK.
// What is missing is said, and is no failure.

import { BROWSERS, isHere } from "./browsers.mjs";
import { judgeContexts } from "./contexts.mjs";
import { judgeDatabases } from "./databases.mjs";

const WAIT_MS = 60_000;

let isRight = true;
for (const [name, browser] of Object.entries(BROWSERS)) {
  if (!isHere(browser)) {
    console.log(`${name}: not here${browser.package ? `; Debian has it as ${browser.package}` : ""}`);
    continue;
  }
  const judged = await judgeContexts(browser, WAIT_MS);
  const right = judged?.filter(({ verdict }) => verdict === "right").length;
  const possible = judged?.filter(({ verdict }) => verdict !== "impossible").length;
  if (!judged || right !== possible) isRight = false;
  console.log(
    judged
      ? `${name}: contexts: ${right} of ${possible}`
      : `${name}: did not start, or gave no answer within ${WAIT_MS / 1000} s`,
  );
  for (const { name: scenario, verdict, seen } of judged ?? [])
    if (verdict !== "right") console.log(`  ${verdict}: ${scenario} ${JSON.stringify(seen) ?? ""}`);
  if (!judged) continue;
  for (const { name: storage, verdict } of await judgeDatabases(browser, WAIT_MS)) {
    if (verdict && verdict !== "absent") isRight = false;
    console.log(`${name}: databases in ${storage}: ${verdict ?? "right"}`);
  }
}
process.exitCode = isRight ? 0 : 1;
