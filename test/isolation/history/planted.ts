// Faults of the D1 adapter that its histories must find: its source, with something left out or off by one.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { AnomalyKind } from "./anomaly.ts";
import type * as Histories from "./d1-histories.ts";

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Planted {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** One of these is found. */
  readonly kinds: readonly AnomalyKind[];
}

const NOW = { file: "guard.ts", from: "FROM isopool_seen`;" };
const SEEN = { file: "guard.ts", from: "const form = rows.map(" };
const CAUGHT = `
    } catch (error) {
      const place`;
const BATCH = {
  file: "requests.ts",
  from: `return await this.#handle().batch(list.map((each) => this.#prepare(each)) as never[]);${CAUGHT}`,
};
const UNDO = { file: "transaction.ts", from: "this.writes.length = this.#savepoints[at]!.writes;" };
const LIST = { file: "connection.ts", from: "const list = [...queued, ...own];" };

export const planted: readonly Planted[] = [
  {
    name: "a commit without guards",
    edits: [{ file: "connection.ts", from: "transaction.guards,", to: "[]," }],
    kinds: ["G-single", "G2"],
  },
  {
    name: "later reads without guards",
    edits: [{ file: "inside.ts", from: "transaction.guards,", to: "[]," }],
    kinds: ["G-single"],
  },
  {
    name: "the first guard left out",
    edits: [{ file: "transaction.ts", from: "this.seen.map(guard)", to: "this.seen.slice(1).map(guard)" }],
    kinds: ["G-single", "G2"],
  },
  {
    name: "the last guard left out",
    edits: [{ file: "transaction.ts", from: "this.seen.map(guard)", to: "this.seen.slice(0, -1).map(guard)" }],
    kinds: ["G-single", "G2"],
  },
  {
    name: "reads of one flight, of which the first is remembered",
    edits: [
      {
        file: "inside.ts",
        from: "outcomes[at] = this.#remembered(",
        to: "outcomes[at] = index > 0 ? toOutcome(answers[index]) : this.#remembered(",
      },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "only the first row compared",
    edits: [
      { ...NOW, to: "FROM (SELECT * FROM isopool_seen LIMIT 1)`;" },
      { ...SEEN, to: "const form = rows.slice(0, 1).map(" },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "all rows but the first compared",
    edits: [
      { ...NOW, to: "FROM (SELECT * FROM isopool_seen LIMIT -1 OFFSET 1)`;" },
      { ...SEEN, to: "const form = rows.slice(1).map(" },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "only the first column compared",
    edits: [
      { file: "guard.ts", from: "names.map(sqlForm)", to: "names.slice(0, 1).map(sqlForm)" },
      { file: "guard.ts", from: "row.map((value) =>", to: "row.slice(0, 1).map((value) =>" },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "a query without rows not guarded",
    edits: [
      {
        file: "transaction.ts",
        from: "this.seen.map(guard)",
        to: "this.seen.filter(({ form }) => form !== '').map(guard)",
      },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "guards in a request of their own, ahead of the writes",
    edits: [
      {
        ...BATCH,
        to: `const ahead = list.filter(({ text }) => text.includes("isopool_seen"));
          const first = ahead.length > 0 ? await this.#handle().batch(ahead.map((each) => this.#prepare(each))) : [];
          const rest = list.slice(ahead.length);
          return [...first, ...(rest.length > 0 ? await this.#handle().batch(rest.map((each) => this.#prepare(each))) : [])];${CAUGHT}`,
      },
    ],
    kinds: ["G-single", "G2"],
  },
  {
    name: "a request for each statement of a commit",
    edits: [
      {
        ...BATCH,
        to: `const answers = [];
          for (const each of list) answers.push(...(await this.#handle().batch([this.#prepare(each)])));
          return answers;${CAUGHT}`,
      },
    ],
    kinds: ["undone but stored", "G0", "G1a", "G1b", "G1c"],
  },
  {
    name: "what was lost is sent again",
    edits: [
      {
        ...BATCH,
        to: `const send = () => this.#handle().batch(list.map((each) => this.#prepare(each)));
          return await send().catch((error) => (/Network/.test(error) ? send() : Promise.reject(error)));${CAUGHT}`,
      },
    ],
    kinds: ["made up"],
  },
  {
    name: "a lost answer told as nothing done",
    edits: [{ file: "errors.ts", from: "return isRead ?", to: "return true ?" }],
    kinds: ["undone but stored"],
  },
  {
    name: "the last write left out",
    edits: [
      { ...LIST, to: "const list = own.length > 0 ? [...queued, ...own] : queued.slice(0, -1);" },
      { file: "connection.ts", from: "result.settle(results[at]!)", to: "result.settle(results[at] ?? result)" },
    ],
    kinds: ["lost"],
  },
  {
    name: "a savepoint that takes nothing back",
    edits: [{ ...UNDO, to: "" }],
    kinds: ["undone but stored"],
  },
  {
    name: "a savepoint that takes back all but one write",
    edits: [{ ...UNDO, to: "this.writes.length = Math.min(this.writes.length, this.#savepoints[at].writes + 1);" }],
    kinds: ["undone but stored"],
  },
  {
    name: "a query that does not see its own write",
    edits: [{ file: "transaction.ts", from: "reaches(written, text, schema)", to: "false" }],
    kinds: ["internal"],
  },
];

const ADAPTER = join(import.meta.dirname, "../../../src/adapters/d1");

/** Histories on the adapter with a fault, or as it is. */
export async function loadHistories({ name, edits }: Pick<Planted, "name" | "edits">): Promise<typeof Histories> {
  const sources = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const path = join(ADAPTER, file);
    const parts = (sources.get(path) ?? readFileSync(path, "utf8")).split(from);
    if (parts.length !== 2) throw new Error(`${name}: ${file} has ${parts.length - 1} times \`${from}\``);
    sources.set(path, parts.join(to));
  }
  const plant: Plugin = {
    name,
    setup: ({ onLoad }) =>
      onLoad({ filter: /adapters.d1.[\w-]+\.ts$/ }, ({ path }) => {
        const contents = sources.get(path);
        return contents === undefined ? undefined : { contents, loader: "ts" };
      }),
  };
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "d1-histories.ts")],
    ...({ bundle: true, write: false, format: "cjs", platform: "node", target: "node20", logLevel: "silent" } as const),
    external: ["libsql"],
    plugins: [plant],
  });
  const module = { exports: {} as typeof Histories };
  // oxlint-disable-next-line typescript/no-implied-eval -- in this process, beside the adapter as it is.
  new Function("module", "require", outputFiles[0]!.text)(module, createRequire(import.meta.url));
  return module.exports;
}
