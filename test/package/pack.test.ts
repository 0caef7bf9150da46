// What `npm publish` would send: what a user needs, and nothing else.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { entries, root } from "./package.ts";

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

function packedFiles(): string[] {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const output = execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  // npm 10 and 11 give a list, newer ones an object by name.
  const [packed] = Object.values(JSON.parse(output) as Record<string, Packed>);
  return packed?.files.map(({ path }) => path) ?? [];
}

const files = packedFiles();

test("the package holds the build, its sources, the pages of docs, and five papers", () => {
  const others = files.filter((path) => !/^dist\/.+\.(js|d\.ts)(\.map)?$|^src\/.+\.ts$|^docs\/[\w-]+\.md$/.test(path));
  const papers = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "package.json", "src/README.md"];
  expect(others.sort()).toEqual(papers);
});

// Where it was built is attested by npm; CONTRIBUTING.md says what that needs.
test("it is published for everybody, with its provenance", () => {
  const { publishConfig } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { publishConfig: unknown };
  expect(publishConfig).toEqual({ access: "public", provenance: true });
});

test("no link of a paper leads out of the package, but to what only the repository has", () => {
  const papers = files.filter((path) => path.endsWith(".md"));
  expect(papers.length).toBeGreaterThan(10);
  const lost = papers.flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
    return Array.from(text.matchAll(/\]\((?!\w+:)([^)#\s]+)/g), ([, link = ""]) =>
      posix.join(posix.dirname(path), link),
    )
      .filter((target) => !files.includes(target) && !/^(demo|test|docs\/images|wrangler\.toml)/.test(target))
      .map((target) => `${path}: ${target}`);
  });
  expect(lost).toEqual([]);
});

test("every entry is in the package", () => {
  const wanted = entries.flatMap(({ conditions }) => Object.values(conditions));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((path) => !files.includes(posix.normalize(path)))).toEqual([]);
});

test("every built file comes from a source of today", () => {
  const built = files.filter((path) => path.endsWith(".js"));
  expect(built.length).toBeGreaterThan(0);
  const sourceOf = (path: string): string => path.replace(/^dist\//, "src/").replace(/\.js$/, ".ts");
  expect(built.filter((path) => !files.includes(sourceOf(path)))).toEqual([]);
});

test("every source map leads to a file of the package", () => {
  const maps = files.filter((path) => path.endsWith(".map"));
  expect(maps.length).toBeGreaterThan(0);
  const lost = maps.filter((path) => {
    const { sources, sourceRoot = "" } = JSON.parse(readFileSync(join(root, path), "utf8")) as {
      sources: string[];
      sourceRoot?: string;
    };
    return !sources.every((source) => files.includes(posix.join(posix.dirname(path), sourceRoot, source)));
  });
  expect(lost).toEqual([]);
});
