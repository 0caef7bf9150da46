// The packed package, installed by npm from its registry beside what users have: no version of a peer may keep it from being
// installed, and an entry that needs a newer one says so.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entries, root, isOfWorkerd } from "../package/package.ts";

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "isopool-installs-"));
let tarball: string;

afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

/** Peers of one day, what an entry says of one that it cannot work with, and the entries whose own imports of a framework fail. */
const SETS = {
  old: {
    peers: {
      "@neondatabase/serverless": "0.9.5",
      hono: "3.12.12",
      kysely: "0.26.3",
      "sql.js": "1.8.0",
      vite: "5.4.21",
    },
    absent: ["isopool/drizzle", "isopool/drizzle/v1", "isopool/kysely"],
    sqlJs: /sql\.js is too old: install 1\.15\.2 or later/,
    neon: /`neon` is too old: install @neondatabase\/serverless 1\.0/,
    vite: /isopool\/vite needs Vite 7 or later/,
  },
  new: {
    peers: {
      "@neondatabase/serverless": "1.2.0",
      hono: "4.13.19",
      kysely: "0.29.9",
      "sql.js": "1.17.0",
      vite: "8.3.8",
    },
    absent: ["isopool/drizzle", "isopool/drizzle/v1"],
    sqlJs: undefined,
    neon: undefined,
    vite: undefined,
  },
};

/** More that users have. They are large, and do not matter to any entry of these sets: npm is only asked whether it would install them. */
const RESOLVED = {
  "@libsql/client": "0.15.15",
  "@neondatabase/serverless": "1.0.0",
  "drizzle-orm": "1.0.0-rc.5",
  "sql.js": "1.13.0",
  vite: "7.0.0",
};

const PROGRAM = `
import initSqlJs from "sql.js";
import { neon as query } from "@neondatabase/serverless";
import { createDatabase } from "isopool";
import { neonHttp } from "isopool/neon/http";
import { sqlJs } from "isopool/sql-js";
const ask = async (url, adapter) => {
  const db = createDatabase(url, { adapters: [adapter], pool: { acquireTimeoutMs: 2_000 } });
  const told = await db.autocommit.query("select 1 as one").then(({ rows }) => JSON.stringify(rows), String);
  await db.dispose();
  return told;
};
const absent = [];
for (const name of ${JSON.stringify(entries.filter((entry) => !isOfWorkerd(entry)).map(({ name }) => name))})
  await import(name).catch(() => absent.push(name));
console.log(JSON.stringify({
  absent,
  sqlJs: await ask("sqljs:memory", sqlJs({ sqlJs: () => initSqlJs() })),
  // Nobody listens there: an error of the network is what a driver that fits comes to.
  neon: await ask("postgres://user:password@localhost:1/shop", neonHttp({ neon: query })),
}));
process.exit();
`;

interface Told {
  readonly absent: string[];
  readonly sqlJs: string;
  readonly neon: string;
}

const run = (cwd: string, command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  exec(command, args, { cwd, env: { ...process.env, NODE_ENV: "" } });

const install = (cwd: string, ...args: string[]): Promise<unknown> =>
  run(cwd, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...args);

function projectOf(name: string, dependencies: object): string {
  const project = join(folder, name.replaceAll(/\W/g, "-"));
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  return project;
}

const projects: Record<string, string> = {};

beforeAll(async () => {
  const { stdout } = await run(folder, "npm", "pack", root, "--silent", "--ignore-scripts");
  tarball = join(folder, stdout.trim());
  for (const [name, { peers }] of Object.entries(SETS)) projects[name] = projectOf(name, peers);
  projects["resolved"] = projectOf("resolved", RESOLVED);
  await Promise.all(
    Object.entries(projects).map(([name, project]) =>
      install(project, ...(name === "resolved" ? ["--package-lock-only"] : [])),
    ),
  );
});

describe.each(Object.entries(SETS))("beside %s peers", (name, { peers, absent, ...messages }) => {
  test("npm installs it, and finds no fault with what it installed", async () => {
    const { stdout } = await run(projects[name]!, "npm", "ls", "--json", "--depth=0");
    expect(Object.keys((JSON.parse(stdout) as { dependencies: object }).dependencies).sort()).toEqual(
      ["isopool", ...Object.keys(peers)].sort(),
    );
  });

  test("entries load, and each works with its peer or says which version it needs", async () => {
    writeFileSync(join(projects[name]!, "program.js"), PROGRAM);
    const told = JSON.parse((await run(projects[name]!, process.execPath, "program.js")).stdout) as Told;
    expect(told.absent).toEqual(absent);
    if (messages.sqlJs) expect(told.sqlJs).toMatch(messages.sqlJs);
    else expect(told.sqlJs).toBe('[{"one":1}]');
    expect(told.neon).toMatch(messages.neon ?? /^DbError: (POOL_TIMEOUT|CONNECT_FAILED): (?!.*too old)/);
  });

  test("the Vite plugin builds, or says which version it needs", async () => {
    const project = projects[name]!;
    writeFileSync(join(project, "index.html"), '<script type="module" src="/page.js"></script>');
    writeFileSync(join(project, "page.js"), "export const page = async () => { await null; };");
    const config = 'import { isopool } from "isopool/vite"; export default { plugins: [isopool()] };';
    writeFileSync(join(project, "vite.config.js"), config);
    const built = run(project, process.execPath, join("node_modules", "vite", "bin", "vite.js"), "build");
    if (messages.vite) await expect(built).rejects.toMatchObject({ stderr: expect.stringMatching(messages.vite) });
    else expect((await built).stdout).toMatch(/built in/);
  });
});

test("npm would install it beside older and unfinished versions of the others", () => {
  const { packages } = JSON.parse(readFileSync(join(projects["resolved"]!, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  const found = Object.keys(RESOLVED).map((peer) => [peer, packages[`node_modules/${peer}`]?.version]);
  expect(Object.fromEntries(found)).toEqual(RESOLVED);
});
