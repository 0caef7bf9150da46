// `npm run bench`: runs every *.bench.mjs of this folder, each in a process of its own, prints one table, and keeps it in
// docs/benchmarks.md. Exits 1 when a target is missed. `npm run bench -- pool` runs the files with that word, and keeps nothing;
// with `--keep`, their sections take the place of those that are there.
//
// A bench file's default export is an async function that gives rows:
//   { name, value, unit, ratio?, target?, ok? }    ratio: times a peer measured in the same run; ok: whether the target is met

import { fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "..", "docs", "benchmarks.md");
const [START, END] = ["<!-- npm run bench writes from here -->", "<!-- to here -->"];
const HEADER = ["what", "measured", "ratio", "target", ""];

const only = process.argv.slice(2).find((word) => !word.startsWith("--"));
const isKept = only === undefined || process.argv.includes("--keep");
if (process.send && only) await measure(only);
else process.exitCode = (await main()) ? 0 : 1;

/** In the child: one file's rows go to the parent. */
async function measure(file) {
  const { default: bench } = await import(join(here, file));
  process.send(await bench());
}

/** @returns whether every file ran and every target was met. */
async function main() {
  const files = readdirSync(here).filter((file) => file.endsWith(".bench.mjs") && file.includes(only ?? ""));
  const sections = [];
  for (const file of files) {
    const startedAt = performance.now();
    const rows = await rowsOf(file);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    sections.push({ title: titleOf(file), rows, seconds });
    console.log(`\n${file}, ${seconds} s\n\n${table(rows)}`);
  }
  const total = sections.reduce((sum, { seconds }) => sum + seconds, 0);
  const longest = sections.toSorted((a, b) => b.seconds - a.seconds).map(({ title, seconds }) => `${title} ${seconds}`);
  console.log(`\n${total} s in all: ${longest.join(", ")}`);
  const all = sections.flatMap(({ rows }) => rows);
  if (isKept) keep(sections);
  const missed = all.filter(({ ok }) => ok === false);
  for (const { name, target } of missed) console.error(`missed: ${name}: ${target}`);
  console.log(`\n${machine()}`);
  return all.length > 0 && missed.length === 0;
}

function titleOf(file) {
  return basename(file, ".bench.mjs").replaceAll("-", " ");
}

function rowsOf(file) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [file], { execArgv: ["--expose-gc"] });
    let rows;
    child.on("message", (message) => (rows = message));
    child.on("close", (code) => {
      const failed = [{ name: file, value: undefined, target: `ends by itself (exit code ${code})`, ok: false }];
      resolve(code === 0 && rows?.length > 0 ? rows : failed);
    });
  });
}

function table(rows) {
  const lines = [HEADER, ...rows.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const text = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [text(HEADER), text(widths.map((width) => "-".repeat(width))), ...rows.map((row) => text(cells(row)))].join(
    "\n",
  );
}

function cells({ name, value, unit = "", ratio, target = "", ok }) {
  const measured = value === undefined ? "" : `${round(value)} ${unit}`.trim();
  const verdict = ok === undefined ? "" : ok ? "ok" : "missed";
  return [name, measured, ratio === undefined ? "" : `${round(ratio)}x`, target, verdict];
}

/** Three figures that count: what is behind them is noise. */
function round(value) {
  return typeof value === "number" ? Number(value.toPrecision(3)).toLocaleString("en") : String(value);
}

function machine() {
  const { model } = cpus()[0] ?? { model: "unknown processor" };
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model.trim()}, ${availableParallelism()} cores, ${memory} GiB, ${process.platform}, Node ${process.version}`;
}

function keep(sections) {
  const before = readPage();
  const [, written = ""] = new RegExp(`${START}([\\s\\S]*)${END}`).exec(before) ?? [];
  const parts = new Map(only ? partsOf(written) : []);
  for (const { title, rows } of sections) parts.set(title, `## ${title}\n\n${table(rows)}\n`);
  // In the order of their files.
  const files = readdirSync(here).map(titleOf);
  const all = [...parts]
    .toSorted(([one], [other]) => files.indexOf(one) - files.indexOf(other))
    .map(([, part]) => part);
  const text = `${START}\n\nMeasured on: ${machine()}.\n\n${all.join("\n")}\n${END}`;
  mkdirSync(dirname(page), { recursive: true });
  // A function: the text may hold `$&`.
  writeFileSync(
    page,
    before.replace(new RegExp(`${START}[\\s\\S]*${END}`), () => text),
  );
}

/** By title, the sections that are there. */
function partsOf(written) {
  const [, ...parts] = written.split(/^## /m);
  return parts.map((part) => [part.slice(0, part.indexOf("\n")), `## ${part.trimEnd()}\n`]);
}

function readPage() {
  try {
    return readFileSync(page, "utf8");
  } catch {
    return `# Benchmarks\n\nAs ratios, measured in one run: trust them, not the digits of one machine.\n\n${START}\n${END}\n`;
  }
}
