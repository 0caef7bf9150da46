// `npm run lock` after a change of dependencies: adds to package-lock.json what npm leaves out of it, the binaries of platforms that
// the registry did not show it (npm issue 4828). With a gap, `npm ci` of npm 11 refuses, and the tools do not start elsewhere.
// `node test/setup/complete-lock.mjs test/runtime/recipes` does it for the lock of that folder.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const file = join(root, process.argv[2] ?? "", "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const { packages } = lock;

const CPUS = {
  64: "x64",
  x64: "x64",
  arm64: "arm64",
  arm: "arm",
  ia32: "ia32",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
};
const SYSTEMS = { windows: "win32", win32: "win32" };

for (const [path, { optionalDependencies = {}, dev, engines }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isFound(path, name)) continue;
    packages[placeOf(path, name)] = {
      version,
      ...platformOf(name),
      ...(dev && { dev }),
      ...(engines && { engines }),
      optional: true,
    };
    console.log(`added ${name}@${version}`);
  }
}
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);

/** Looks where Node would: beside the package, then ever further up. */
function isFound(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (packages[join(folder, "node_modules", name)]) return true;
    if (folder === "") return false;
  }
}

/** Beside the package that wants it. */
function placeOf(path, name) {
  return path.slice(0, path.lastIndexOf("node_modules/")) + `node_modules/${name}`;
}

/** `@oxlint/binding-linux-x64-musl`: read from the name, so that npm installs it nowhere else. */
function platformOf(name) {
  const [, system, cpu, library] =
    /(android|darwin|freebsd|linux|openharmony|win32|windows)-([a-z0-9]+)(?:-(\w+))?$/.exec(name) ?? [];
  if (!(cpu in CPUS)) throw new Error(`${name}: for which platform is it?`);
  const libc = system === "linux" && library && { libc: [library.startsWith("musl") ? "musl" : "glibc"] };
  return { cpu: [CPUS[cpu]], os: [SYSTEMS[system] ?? system], ...libc };
}
