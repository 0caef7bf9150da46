// What the plugin decides by itself, asked as a bundler asks: which modules, with a map or without, and what a build is told.

import { expect, test } from "vitest";
import { isopool, type IsopoolOptions, type ViteConfig } from "../../../src/carrier/vite.ts";
import { parse } from "../kit.ts";

const CODE = "export const f = async () => { await 1 };";

interface Run {
  readonly command?: ViteConfig["command"];
  readonly sourcemap?: ViteConfig["build"]["sourcemap"];
  readonly options?: IsopoolOptions;
  /** False: as Vite 7 has it. Default true. */
  readonly isRolldown?: boolean;
}

function plugin({ command = "build", sourcemap = false, options = {}, isRolldown = true }: Run = {}) {
  const own = isopool(options);
  const vite = { meta: { viteVersion: isRolldown ? "8.0.0" : "7.0.0" } };
  own.configResolved.call(vite, { command, cacheDir: "/page/node_modules/.vite", build: { sourcemap } });
  const context = { parse, meta: isRolldown ? { rolldownVersion: "1.0.0" } : {} };
  return {
    own,
    carried: (id: string, moduleType?: string, code = CODE) =>
      own.transform.handler.call(context, code, id, moduleType === undefined ? undefined : { moduleType }),
  };
}

test("a Vite that does not say its version is older than 7, and is refused with the remedy", () => {
  const config = { command: "build", cacheDir: "", build: { sourcemap: false } } as const;
  for (const context of [undefined, {}, { meta: { rollupVersion: "4.0.0" } }])
    expect(() => isopool().configResolved.call(context, config)).toThrow("isopool/vite needs Vite 7 or later");
});

test.each(["css", "json", "text", "dataurl"])("what is no code is not read: %s", (moduleType) => {
  expect(plugin().carried("/page/a", moduleType, "a { content: 'async () => {' }")).toBe(undefined);
});

test.each([undefined, "js", "jsx", "ts", "tsx"])("what is code is carried: %s", (moduleType) => {
  expect(plugin().carried("/page/a", moduleType)?.code).toContain("$cx.b(");
});

test("what the dev server takes from its cache was carried on the way there; a build has no cache", () => {
  const id = "/page/node_modules/.vite/deps/a.js?v=1";
  expect(plugin({ command: "serve" }).carried(id)).toBe(undefined);
  expect(plugin({ command: "serve" }).carried("C:\\page\\a.js")?.code).toContain("$cx.b(");
  expect(plugin().carried(id)?.code).toContain("$cx.b(");
});

test("what esbuild has bundled ahead, for Vite 7, is carried as it is served", () => {
  const id = "/page/node_modules/.vite/deps/a.js?v=1";
  expect(plugin({ command: "serve", isRolldown: false }).carried(id)?.code).toContain("$cx.b(");
});

test.each(["vite", "vite-7", "rolldown-vite"])("the client of %s is left as it is", (name) => {
  expect(plugin({ command: "serve" }).carried(`/page/node_modules/${name}/dist/client/client.mjs`)).toBe(undefined);
});

test("the optimizer carries what it bundles, not what it only looks through", () => {
  for (const [name, isCarried] of [
    ["vite:dep-scan", false],
    ["vite:dep-pre-bundle", true],
  ] as const) {
    const [optimizer] = isopool().config().optimizeDeps.rolldownOptions.plugins;
    optimizer?.buildStart({ plugins: [{ name: "other" }, {}, { name }] });
    const result = optimizer?.transform.handler.call({ parse }, CODE, "/page/node_modules/a/index.js");
    expect(result !== undefined).toBe(isCarried);
  }
});

test.each<[Run, boolean]>([
  [{ command: "serve" }, true],
  [{ sourcemap: true }, true],
  [{ sourcemap: "inline" }, true],
  [{ sourcemap: "hidden" }, true],
  [{ sourcemap: false }, false],
])("a map is made where one is wanted: %j", (run, isMapped) => {
  expect(plugin(run).carried("/page/a.js")?.map !== null).toBe(isMapped);
});

test("only a build of a page is told that it is carried", () => {
  const { own } = plugin();
  const told = { define: { "import.meta.env.ISOPOOL_CARRIED": "true" } };
  expect(own.configEnvironment("client", {}, { command: "build" })).toEqual(told);
  expect(own.configEnvironment("page", { consumer: "client" }, { command: "build" })).toEqual(told);
  expect(own.configEnvironment("client", {}, { command: "serve" })).toBe(undefined);
  expect(own.configEnvironment("ssr", { consumer: "server" }, { command: "build" })).toBe(undefined);
  expect(own.applyToEnvironment({ config: { consumer: "client" } })).toBe(true);
  expect(own.applyToEnvironment({ config: { consumer: "server" } })).toBe(false);
});

test("an exclude is asked anew for each module, also one with the flag g", () => {
  const { carried } = plugin({ options: { exclude: /dep/g } });
  const all = ["/a/dep.js", "/a/dep.js", "/a/dep.js", "/a/b.js"].map((id) => carried(id) === undefined);
  expect(all).toEqual([true, true, true, false]);
  const byFunction = plugin({ options: { exclude: (id) => id.endsWith("b.js") } });
  expect(byFunction.carried("/a/b.js")).toBe(undefined);
});
