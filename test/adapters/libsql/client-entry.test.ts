// Going through @libsql/client is an entry of its own, which nobody pays for who does not import it.

import { build } from "esbuild";
import { expect, test } from "vitest";
import { libsqlClient, type LibsqlClientOptions } from "../../../src/adapters/libsql/client-entry.ts";
import { libsql, type LibsqlOptions } from "../../../src/adapters/libsql/index.ts";

test("without a client it says what to hand in; libsql() sends to the entry that takes one", () => {
  for (const options of [undefined, {}, { createClient: {} }])
    expect(() => libsqlClient(options as unknown as LibsqlClientOptions)).toThrow(/needs `createClient`/);
  const options = { createClient: () => undefined } as LibsqlOptions;
  expect(() => libsql(options)).toThrow(/libsqlClient\(\{ createClient \}\) of isopool\/libsql-client/);
});

test("neither entry holds the other's connection", async () => {
  const filesOf = async (entry: string): Promise<string[]> => {
    const { metafile } = await build({
      entryPoints: [new URL(`../../../src/adapters/libsql/${entry}.ts`, import.meta.url).pathname],
      bundle: true,
      format: "esm",
      write: false,
      metafile: true,
    });
    return Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    );
  };
  const [over, through] = await Promise.all([filesOf("index"), filesOf("client-entry")]);
  expect(over.filter((path) => path.includes("client-"))).toEqual([]);
  expect(through.filter((path) => /\/(connection|plan|stream|company)\.ts$/.test(path))).toEqual([]);
});
