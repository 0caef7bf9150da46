import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installs, isOfWorkerd } from "../package/package.ts";
import { bundlePage } from "./bundle.ts";
import { installedProject, type Project } from "./installed.ts";

let project: Project;
beforeAll(() => {
  project = installedProject({ by: "tar" });
});
afterAll(() => project.remove());

describe.each(installs)("beside $frameworks", ({ frameworks, entries: all }) => {
  const entries = all.filter((entry) => !isOfWorkerd(entry));
  let own: Project;
  beforeAll(() => {
    own = installedProject({ drivers: frameworks, by: "tar" });
  });
  afterAll(() => own.remove());

  test.each(entries)("$name goes into a page, with nothing left outside", async ({ name }) => {
    const script = own.write("main.js", `import * as entry from ${JSON.stringify(name)};\nglobalThis.entry = entry;\n`);
    const { code, warnings } = await bundlePage(own.folder, script);
    expect(warnings).toEqual([]);
    expect(code).toContain("entry");
    expect(code.match(/(?:^|[;}])import\b|\bimport\(|\brequire\(["'`]|\bprocess\./gm)).toBe(null);
  });
});

test("a page that uses the pool alone carries nothing of sessions", async () => {
  const script = project.write(
    "pool.js",
    'import { ConnectionPool } from "isopool";\nglobalThis.Pool = ConnectionPool;\n',
  );
  const { code } = await bundlePage(project.folder, script);
  expect(code).toContain("POOL_TIMEOUT");
  expect(code).not.toContain("TRANSACTION_STATEMENT");
});
