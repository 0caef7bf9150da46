// The compiler where it is used: in builds of Vite for servers and for pages, in Rolldown's and, by unplugin, in esbuild's.

import { mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { build as esbuild } from "esbuild";
import { createEsbuildPlugin } from "unplugin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build as vite, parseAst, type PluginOption } from "vite";
import { build as vite7 } from "vite-7";
import { isopool, isopoolFuse } from "../../src/carrier/vite.ts";
import { openShop } from "../adapters/libsql/shop.ts";

/** An application's module; `MARK` stands behind what is rewritten. */
const SOURCE = `import { createDatabase, type Session } from "isopool";
import { libsql } from "isopool/libsql";

interface Item { readonly id: number; readonly name: string }

export async function main(url: string, fails = false): Promise<unknown> {
  const db = createDatabase(url, { adapters: [libsql()] });
  const rename = async (tx: Session, { id, name }: Item): Promise<void> => {
    await tx.sql\`update goods set name = \${name} where id = \${id}\`;
  };
  try {
    return await db.transaction(async (tx) => {
      await tx.sql\`update goods set name = \${"a"} where id = 1\`;
      await tx.sql\`update goods set name = \${"b"} where id = 2\`; globalThis.MARK;
      await tx.sql\`insert into goods values (\${fails ? 1 : 3}, \${"c" as string})\`;
      return await tx.sql<Item>\`select * from goods order by id\`;
    });
  } finally {
    await db.session(async (session) => rename(session, { id: 2, name: "d" }));
    await db.dispose();
  }
}
`;

/** As those who have no TypeScript write it. */
const PLAIN = SOURCE.replaceAll(
  /, type Session|interface .*\n|<Item>|: (?:string|unknown|Item|Session|Promise<\w+>)(?=[,)= ])| as string|: Promise<\w+>/g,
  "",
);

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "isopool-fused-")));
  mkdirSync(join(root, "node_modules"));
  symlinkSync(process.cwd(), join(root, "node_modules", "isopool"));
  writeFileSync(join(root, "package.json"), '{ "name": "shop", "type": "module" }');
  writeFileSync(join(root, "main.ts"), SOURCE);
  writeFileSync(join(root, "main.js"), PLAIN);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a built module gives and asks for, when it succeeds and when its third statement fails. */
async function played(file: string): Promise<unknown> {
  const { main } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    main: (url: string, fails?: boolean) => Promise<unknown>;
  };
  const outcomes: unknown[] = [];
  const sent: number[] = [];
  for (const fails of [false, true]) {
    const shop = await openShop();
    await shop.db.sql`insert into goods values (1, 'tea'), (2, 'salt')`;
    await shop.sent();
    outcomes.push(
      await main(shop.server.url, fails).catch(({ code, details }: { code: string; details: { kind: string } }) => [
        code,
        details.kind,
      ]),
    );
    sent.push((await shop.sent()).length);
    outcomes.push(await shop.names());
  }
  return { sent, outcomes };
}

const OUTCOMES = [
  [
    { id: 1, name: "a" },
    { id: 2, name: "b" },
    { id: 3, name: "c" },
  ],
  ["a", "d", "c"],
  ["QUERY_FAILED", "unique"],
  ["tea", "d"],
];

let builds = 0;

async function buildWith(bundler: typeof vite, plugins: PluginOption[], ssr: boolean): Promise<string> {
  const outDir = join(root, `dist-${++builds}`);
  const output = { entryFileNames: "[name].mjs" };
  const input = join(root, "main.ts");
  const options = { input, preserveEntrySignatures: "strict" as const, output };
  await bundler({
    ...{ root, configFile: false, logLevel: "silent", plugins },
    build: {
      outDir,
      ssr,
      minify: false,
      sourcemap: true,
      target: "esnext",
      modulePreload: false,
      rollupOptions: options,
    },
  });
  return join(outDir, "main.mjs");
}

test("what is built without it asks one by one", async () => {
  const file = await buildWith(vite, [], true);
  expect(await played(file)).toEqual({ sent: [8, 7], outcomes: OUTCOMES });
});

test.each([
  ["Vite 8, for a server", vite, true],
  ["Vite 7, for a server", vite7 as unknown as typeof vite, true],
  ["Vite 8, for a page, which keeps its context as well", vite, false],
])("%s: the same, in fewer requests; errors lead to the author's lines", async (_name, bundler, ssr) => {
  const file = await buildWith(bundler, [isopool({ fuse: true })], ssr);
  expect(await played(file)).toEqual({ sent: [3, 4], outcomes: OUTCOMES });
  const code = readFileSync(file, "utf8").split("\n");
  const line = code.findIndex((text) => text.includes("globalThis.MARK"));
  const map = new TraceMap(readFileSync(`${file}.map`, "utf8"));
  const place = originalPositionFor(map, { line: line + 1, column: code[line]!.indexOf("globalThis.MARK") });
  expect(place).toMatchObject({ line: 14, source: expect.stringMatching(/main\.ts$/) });
});

test.each([
  ["main.js", [3, 4]],
  // As it is, for esbuild compiles it afterwards: what is in a type assertion waits.
  ["main.ts", [4, 5]],
])("esbuild, by unplugin: %s", async (entry, sent) => {
  const plugin = createEsbuildPlugin(() => isopoolFuse({ parse: parseAst }));
  const outfile = join(root, `dist-esbuild-${entry}`, "main.mjs");
  await esbuild({
    ...{ entryPoints: [join(root, entry)], bundle: true, format: "esm", platform: "node", outfile },
    plugins: [plugin() as never],
  });
  expect(await played(outfile)).toEqual({ sent, outcomes: OUTCOMES });
});
