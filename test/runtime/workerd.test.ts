import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { installs, root } from "../package/package.ts";
import { bundleWorker } from "./bundle.ts";
import { installedProject, type Project } from "./installed.ts";
import { startWorkerd, type WorkerdOptions } from "./workerd.ts";

let project: Project;
beforeAll(() => {
  project = installedProject({ drivers: ["sql.js"], by: "tar" });
});
afterAll(() => project.remove());

/** What the worker answers to one request each; it must print nothing. */
async function answers(
  source: string,
  count: number,
  options: Omit<WorkerdOptions, "script"> = {},
  from = project,
): Promise<string[]> {
  const { code, warnings } = await bundleWorker(from.write("worker.js", source));
  expect(warnings).toEqual([]);
  const workerd = await startWorkerd({ ...options, script: code });
  try {
    const texts: string[] = [];
    for (let i = 0; i < count; i++) texts.push(await (await fetch(workerd.url)).text());
    expect(workerd.log()).toBe("");
    return texts;
  } finally {
    await workerd.stop();
  }
}

/** The oldest date without Node's modules, and the newest. */
const dates = ["2024-09-01", undefined];

describe.each(installs)("beside $frameworks", ({ frameworks, entries }) => {
  test.each(dates)("every entry loads at a Worker's module level (compatibility date %s)", async (date) => {
    const own = installedProject({ drivers: frameworks, by: "tar" });
    onTestFinished(() => own.remove());
    const imports = entries.map(({ name }, i) => `import * as entry${i} from ${JSON.stringify(name)};`).join("\n");
    const all = entries.map((_, i) => `entry${i}`).join();
    const source = `${imports}
      const empty = [${all}].filter((entry) => Object.keys(entry).length === 0);
      export default { fetch: () => Response.json(empty.length) };`;
    expect(await answers(source, 1, date === undefined ? {} : { compatibilityDate: date }, own)).toEqual(["0"]);
  });
});

test("a session on sql.js commits, and the next request of the isolate reads it", async () => {
  const wasm = join(root, "node_modules/sql.js/dist/sql-wasm-browser.wasm");
  const source = `
    import initSqlJs from "sql.js/dist/sql-wasm-browser.js";
    import wasm from "./sql-wasm-browser.wasm";
    import { createDatabase } from "isopool";
    import { sqlJs } from "isopool/sql-js";

    // Emscripten asks where the page is; Workers have none.
    globalThis.location ??= { href: "http://localhost/" };
    const instantiateWasm = (imports, done) => {
      const instance = new WebAssembly.Instance(wasm, imports);
      done(instance, wasm);
      return instance.exports;
    };
    let db;
    async function open() {
      return createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs({ instantiateWasm }) })] });
    }
    export default {
      async fetch() {
        db ??= await open();
        return Response.json(await db.session(async (session) => {
          await session.query("create table if not exists visit (id integer primary key)");
          await session.query("insert into visit default values");
          return (await session.query("select count(*) as visits from visit")).rows;
        }));
      },
    };`;
  expect(await answers(source, 2, { wasm: [wasm] })).toEqual(['[{"visits":1}]', '[{"visits":2}]']);
});
