// Keeps what was played where `--incremental` looks for it, all along: Stryker writes it at the end, and an hour is long.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { commonTokens, declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";

const EVERY_MS = 20_000;

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
    this.#of(this.#files, fileName, "mutants").push(mutant);
    if (performance.now() - this.#writtenAt > EVERY_MS) this.#write();
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
    mkdirSync(dirname(incrementalFile), { recursive: true });
    // Whole or not at all: this may end at any time.
    writeFileSync(`${incrementalFile}.new`, JSON.stringify(report));
    renameSync(`${incrementalFile}.new`, incrementalFile);
    this.#writtenAt = performance.now();
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, "saved", Saved)];
