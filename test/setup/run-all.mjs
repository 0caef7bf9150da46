// `npm test`: builds, checks, and runs every test there is. Its last line is "N passed, N failed".
// `npm run test:all` (`--all`): the runtimes' contract on every version of PostgreSQL, not on the newest alone.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { runChecks } from "./check.mjs";
import { ensureBrowser } from "./ensure-browser.mjs";
import { cache, root, run } from "./run.mjs";

const runners = { build, checks: runChecks, vitest, playwright };

async function build() {
  const { code } = await run("npm run build --silent");
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function vitest() {
  const report = reportFile("vitest.json");
  const outsideOfTests = reportFile("vitest-outside-of-tests.json");
  const { code } = await run(
    "vitest run --config test/vitest.config.ts --reporter=default --reporter=./test/setup/outside-of-tests.mjs " +
      `--reporter=json --outputFile.json="${report}"`,
    { env: { OUTSIDE_OF_TESTS: outsideOfTests, ...(process.argv.includes("--all") && { ALL_VERSIONS: "1" }) } },
  );
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = readReport(report);
  // A file that cannot be loaded, or whose hook failed, has no failed test of its own to count.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  );
  const failed = numFailedTests + broken.length;
  const counts = { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
  return { ...settle(code, counts), failures: [...testResults.flatMap(failuresOfFile), ...readReport(outsideOfTests)] };
}

/** Its failed tests; where none of them failed, what ended the file or one of its hooks. */
function failuresOfFile({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  const told = failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0])}`);
  if (status === "failed" && told.length === 0) return [`${file}: ${firstLine(message) || "a hook failed"}`];
  return told;
}

async function playwright() {
  const { executablePath } = await ensureBrowser();
  const report = reportFile("playwright.json");
  const { code } = await run("playwright test --config test/e2e/playwright.config.ts --reporter=list,json", {
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report, CHROMIUM_PATH: executablePath },
  });
  const { stats, errors, suites } = readReport(report);
  const counts = { passed: stats.expected, failed: stats.unexpected + errors.length, skipped: stats.skipped };
  const failures = [...suites.flatMap(failuresOfSuite), ...errors.map(({ message }) => firstLine(message))];
  // A test that passes only when tried again has failed.
  return { ...settle(code, { ...counts, failed: counts.failed + stats.flaky }), failures };
}

function failuresOfSuite({ specs, suites = [] }) {
  const failed = specs.filter(({ tests }) => tests.some(({ status }) => ["unexpected", "flaky"].includes(status)));
  return [...failed.map(({ file, line, title }) => `${file}:${line}: ${title}`), ...suites.flatMap(failuresOfSuite)];
}

function firstLine(text = "") {
  return stripVTControlCharacters(text).trim().split("\n", 1)[0];
}

function reportFile(name) {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, name);
  rmSync(file, { force: true });
  return file;
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error("the runner left no report", { cause });
  }
}

/** A runner that ran nothing, or that failed for a reason of its own, counts as one failure. */
function settle(code, counts) {
  if (counts.passed + counts.failed === 0) console.error("No test was run.");
  else if (code === 0 || counts.failed > 0) return counts;
  return { ...counts, failed: counts.failed + 1 };
}

// Before the tests that would all look for one at once. Where there is none, those of the page tell.
await ensureBrowser().catch(() => undefined);
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const [name, runner] of Object.entries(runners)) {
  console.log(`\n── ${name}`);
  const counts = await runner().catch((error) => {
    console.error(`${name}: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  for (const key of Object.keys(total)) total[key] += counts[key];
  failures.push(...(counts.failures ?? []));
  console.log(`── ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
}
// Once more at the end: what is above may be too long to be kept.
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
console.log(`\n${total.passed} passed, ${total.failed} failed`);
