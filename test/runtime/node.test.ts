import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entries } from "../package/package.ts";
import { installedProject, type Project } from "./installed.ts";

let project: Project;
beforeAll(() => {
  project = installedProject({ drivers: ["sql.js"] });
}, 60_000);
afterAll(() => project.remove());

function runNode(script: string): string {
  const file = project.write("main.mjs", script);
  return execFileSync(process.execPath, [file], { cwd: project.folder, encoding: "utf8", stdio: "pipe" });
}

test.each(entries)("$name can be imported from the installed package", ({ name }) => {
  const names = runNode(`import * as entry from ${JSON.stringify(name)}; console.log(Object.keys(entry).join());`);
  expect(names.trim()).not.toBe("");
});

test("a CommonJS program can require the package where Node lets it", () => {
  const file = project.write("main.cjs", 'console.log(typeof require("isopool").createDatabase);');
  // On by default from Node 20.19.
  expect(execFileSync(process.execPath, [file], { encoding: "utf8", stdio: "pipe" })).toContain("function");
});

test("a session commits on sql.js, and the program ends by itself", () => {
  const output = runNode(`
    import initSqlJs from "sql.js";
    import { createDatabase } from "isopool";
    import { sqlJs } from "isopool/sql-js";

    const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
    const rows = await db.session(async (session) => {
      await session.query("create table note (text)");
      await session.query("insert into note values (?)", ["kept"]);
      return (await session.query("select text from note")).rows;
    });
    console.log(JSON.stringify(rows));`);
  expect(JSON.parse(output)).toEqual([{ text: "kept" }]);
});
