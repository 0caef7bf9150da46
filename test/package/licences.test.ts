// What comes with an installation: this package alone, under its licence, published by a build that anybody can trace.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./package.ts";

interface Manifest {
  readonly license?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly bundleDependencies?: readonly string[];
  readonly scripts: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

test("nothing else is installed, and nothing runs while it is", () => {
  const { dependencies, optionalDependencies, bundleDependencies, peerDependencies, peerDependenciesMeta, scripts } =
    manifest;
  expect({ dependencies, optionalDependencies, bundleDependencies }).toEqual({});
  expect(Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)).toEqual([]);
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
});

test("its licence is in the package, and so are those of what the tests of applications may install", () => {
  expect(manifest.license).toBe("MIT");
  expect(readFileSync(join(root, "LICENSE"), "utf8")).toMatch(/^MIT License\n/);
  const licences = Object.keys(manifest.peerDependencies).map((name) => {
    const path = join(root, "node_modules", name, "package.json");
    return [name, (JSON.parse(readFileSync(path, "utf8")) as { license?: string }).license];
  });
  expect(
    licences.filter(([, licence]) => !/^(MIT|Apache-2\.0|ISC|BSD-[23]-Clause|Unlicense)$/.test(licence ?? "")),
  ).toEqual([]);
});

test("it is published for all, with a proof of which build it comes from", () => {
  expect(manifest.publishConfig).toEqual({ access: "public", provenance: true });
});
