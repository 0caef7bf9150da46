// Keeps what was played where `--incremental` looks for it, all along: Stryker writes it at the end, and an hour is long.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { commonTokens, declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";

const EVERY_MS = 20_000;

/** Why one was not played: see `MUTATE_PART`. It is not kept, so that another run plays it. */
export const NOT_DRAWN = "not drawn";

class Saved {
  static inject = [commonTokens.options];
  #options;
  #files = {};
  #testFiles = {};
  #writtenAt = performance.now();

  constructor(options) {
    this.#options = options;
  }

  onDryRunCompleted({ result }) {
    for (const { id, name, fileName } of result.tests) this.#of(this.#testFiles, fileName, "tests").push({ id, name });
  }

  onMutantTested({ fileName, ...mutant }) {
    if (wasPlayed(mutant)) this.#of(this.#files, fileName, "mutants").push(mutant);
    if (performance.now() - this.#writtenAt > EVERY_MS) this.#write();
  }

  /** Stryker has written it too by now, with those that were not drawn. */
  wrapUp() {
    const { incrementalFile } = this.#options;
    const report = JSON.parse(readFileSync(incrementalFile, "utf8"));
    for (const file of Object.values(report.files)) file.mutants = file.mutants.filter(wasPlayed);
    replace(incrementalFile, report);
  }

  /** The list of a file in a report, which holds the text of the file as well. */
  #of(files, fileName, list) {
    const name = fileName ? relative(process.cwd(), fileName) : "";
    files[name] ??= { language: "typescript", source: fileName ? readFileSync(fileName, "utf8") : "", [list]: [] };
    return files[name][list];
  }

  #write() {
    const { incrementalFile, thresholds } = this.#options;
    const report = { schemaVersion: "1.0", thresholds, files: this.#files, testFiles: this.#testFiles };
    replace(incrementalFile, report);
    this.#writtenAt = performance.now();
  }
}

function wasPlayed({ statusReason }) {
  return !statusReason?.includes(NOT_DRAWN);
}

/** Whole or not at all: this may end at any time. */
function replace(file, report) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(report));
  renameSync(`${file}.new`, file);
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, "saved", Saved)];
