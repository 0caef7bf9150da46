import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor, type Servers } from "./door.ts";
import { type Asked, runtimes } from "./runtimes.ts";
import { casesOf, type Suites, type World } from "./suites.ts";

export interface ContractOptions {
  /** Module of this folder that exports `suites`; it is bundled for each runtime, and names none. */
  readonly file: string;
  readonly suites: Suites;
  /** What the suites start by name. */
  readonly servers?: Servers;
  /** Which of the suites run, by their names. Default: all of them. */
  readonly only?: RegExp | undefined;
  /** Where they run. Default: everywhere. */
  readonly where?: readonly (keyof typeof runtimes)[];
  /** WebAssembly that the suites are handed, by the path of its file. */
  readonly wasm?: readonly string[];
  /** In workerd: each case runs in a Durable Object of its own, with its storage. Default: in a Worker. */
  readonly isInObject?: boolean;
  /** In workerd: how many databases of D1 the cases have. Default 0. */
  readonly databases?: number;
}

/** For the names of the cases alone: nothing runs here. */
const nowhere: World = { start: () => () => Promise.reject(new Error("nothing starts here")), wasm: {}, database: {} };

/** Every case of both contracts, as a test of its own, in each runtime: one process and one isolate for all of them. */
export function contractEverywhere(options: ContractOptions): void {
  const {
    file,
    suites,
    servers = {},
    only,
    wasm = [],
    isInObject = false,
    databases = 0,
    where = Object.keys(runtimes),
  } = options;
  describe.each(where)("in %s", (place) => {
    const start = runtimes[place]!;
    let door: Door;
    let runtime: Asked;
    beforeAll(async () => {
      door = await openDoor(servers);
      const code = { file: join(import.meta.dirname, file), wasm, door: door.url, isInObject, databases };
      // One that does not come up, on a busy machine, is no failure of what is tested in it.
      runtime = await start(code).catch((error: unknown) => {
        console.warn("is started once more:", error);
        return start(code);
      });
    });
    afterAll(async () => {
      await runtime.stop();
      await door.close();
      expect(door.running, "servers that a case did not stop").toBe(0);
      expect(runtime.complaints()).toBe("");
    });

    const meant = Object.entries(suites(nowhere)).filter(([suite]) => only?.test(suite) ?? true);
    describe.each(meant)("%s keeps the contracts", (suite, target) => {
      const names = casesOf(target).map(({ name }) => name);
      test("the runtime has every case", async () => expect(await runtime.ask({ suite })).toEqual({ names }));
      for (const name of names) {
        test(name, async () => {
          const answer = await runtime.ask({ suite, name });
          const outcome = "outcome" in answer ? answer.outcome : "not run";
          if (outcome !== "passed") throw new Error(outcome);
        });
      }
    });
  });
}
