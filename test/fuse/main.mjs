// Random programs, fused and as they were written: `node test/fuse/main.mjs`, the second half of `npm run fuzz`.
//
//   --programs N  how many; 10,000 by default; --from SEED  the first of them
//   --mutants     breaks one rule of the compiler after another, and says which program of `rules.ts` found it; --only WORDS those alone

import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { cache, root } from "../setup/run.mjs";
import { mutants } from "./mutants.mjs";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "10000" },
    from: { type: "string", default: String(randomInt(2 ** 30)) },
    mutants: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

/** Harness and compiler as one module, with some text of it changed. */
async function bundle(change) {
  const outfile = join(cache, `fuse-${process.pid}-${randomInt(2 ** 30)}.mjs`);
  mkdirSync(cache, { recursive: true });
  const changing = {
    name: "mutant",
    setup: (each) =>
      each.onLoad({ filter: new RegExp(`${change.file.replaceAll(".", "\\.")}$`) }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        if (text.split(change.from).length !== 2) throw new Error(`${change.about}: its text is not there once`);
        return { contents: text.replace(change.from, () => change.to), loader: "ts" };
      }),
  };
  await build({
    entryPoints: [join(root, "test/fuse/main.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    external: ["vite", "esbuild"],
    plugins: change ? [changing] : [],
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}

const [from, programs] = [Number(values.from), Number(values.programs)];
if (values.mutants) {
  for (const mutant of mutants.filter(({ about }) => about.includes(values.only))) {
    const { broken } = await bundle(mutant);
    const found = await broken();
    console.log(`${found ? `killed by "${found.split(":")[0]}"` : "ALIVE"}: ${mutant.about}`);
    if (!found) process.exitCode = 1;
  }
} else {
  const { fuzz } = await bundle();
  console.log(`${programs} programs from seed ${from}`);
  const found = await fuzz(from, programs);
  console.log(found ?? `${programs} programs, no difference`);
  if (found) process.exitCode = 1;
}
