// A rejection that nobody handles is told by the platform, once, with the error itself, and taken back when it is handled late.

import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Project, project } from "./project.ts";

const source = `const fail = (name) => Promise.reject(new Error(name));
const late = () => new Promise((resolve) => setTimeout(resolve, 5));
export function run() {
  void (async () => { await 0; await fail("in a function"); })();
  void (async () => { const [a = await fail("in a destructuring")] = []; })();
  void (async () => { for await (const a of [1, fail("in a loop")]); })();
  void (async () => { try { await fail("hidden"); } finally { await 0; throw new Error("in a finally"); } })();
  void (async () => fail("returned"))();
  void (async function* () { yield fail("in a generator"); })().next();
  const given = (async () => { await 0; throw new Error("handled late"); })();
  void late().then(() => given.catch(() => undefined));
  const handled = (async () => { await 0; throw new Error("handled"); })();
  return handled.catch((error) => error.message);
}
`;

const SCRIPT = `const told = [];
const names = new Map();
process.on("unhandledRejection", (error, promise) => { names.set(promise, error.message); told.push(error.message); });
process.on("rejectionHandled", (promise) => told.push("taken back: " + names.get(promise)));
const page = (globalThis[Symbol.for("isopool.context@1")] ??= {});
page.current = process.argv[1] === "session" ? new Map([[{}, 1]]) : undefined;
void run().then((message) => told.push(message));
page.current = undefined;
setTimeout(() => console.log(JSON.stringify(told)), 50);`;

let page: Project;
beforeAll(() => {
  page = project();
  page.write("failing.js", source);
});
afterAll(() => page.remove());

test("what is carried is told of as what is not: with a session and without", async () => {
  const told = async (carried: boolean, session: string): Promise<string[]> => {
    const [file] = await page.build({ entry: "failing.js", ...(!carried && { carrier: [] }) });
    const script = `import { run } from ${JSON.stringify(file)};\n${SCRIPT}`;
    const text = execFileSync(process.execPath, ["--input-type=module", "-e", script, session], { encoding: "utf8" });
    // An `await` within a destructuring takes a microtask more: the order is not the same.
    return (JSON.parse(text) as string[]).toSorted();
  };
  const plain = await told(false, "none");
  expect(plain).toEqual([
    ...[
      "handled",
      "handled late",
      "in a destructuring",
      "in a finally",
      "in a function",
      "in a generator",
      "in a loop",
    ],
    ...["returned", "taken back: handled late"],
  ]);
  expect(await told(true, "none")).toEqual(plain);
  expect(await told(true, "session")).toEqual(plain);
});
