// What runs the contracts where there is neither a test runner nor a way to start a server: in a Worker, in a page.

import { adapterContract, type ContractCase, databaseContract, type Target } from "../../kit/adapter-contract.ts";

/** What a suite has of the world around it. */
export interface World {
  /** Starts a server of this name in the tests' own process: its data, and its methods as calls. */
  start<Options, Running>(server: string): (options: Options) => Promise<Running>;
  /** Compiled WebAssembly by the name of its file. */
  readonly wasm: Readonly<Record<string, WebAssembly.Module>>;
}

/** Targets by the name of what is tested. */
export type Suites = (world: World) => Readonly<Record<string, Target>>;

export function casesOf(target: Target): ContractCase[] {
  return [...adapterContract(target), ...databaseContract(target)];
}

/** Which case to run; without one, the names of all are asked for. */
export interface Question {
  readonly suite: string;
  readonly name?: string;
}

/** The names, or what a case came to: what went wrong in it, or `"passed"`. */
export type Answer = { readonly names: readonly string[] } | { readonly outcome: string };

/** @param door - where the servers are started: the URL of a `Door`. */
export function createAnswerer(
  suites: Suites,
  door: string,
  wasm: World["wasm"],
): (question: Question) => Promise<Answer> {
  const targets = suites({ start: (server) => startBehind(door, server), wasm });
  return async ({ suite, name }) => {
    const cases = casesOf(targets[suite]!);
    if (name === undefined) return { names: cases.map((each) => each.name) };
    try {
      await cases.find((each) => each.name === name)!.run();
      return { outcome: "passed" };
    } catch (error) {
      return { outcome: textOf(error) };
    }
  };
}

/** A call through the door. */
export interface DoorCall {
  readonly server: string;
  /** Which of those that were started; without one, another is started. */
  readonly number?: number;
  readonly method?: string;
  readonly argument?: unknown;
}

/** What a server that was started has: data as it is, and the names of its methods. */
export interface Started {
  readonly number: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly methods: readonly string[];
}

function startBehind<Options, Running>(door: string, server: string): (options: Options) => Promise<Running> {
  const call = async (rest: Omit<DoorCall, "server">): Promise<unknown> => {
    const response = await fetch(door, {
      method: "POST",
      body: JSON.stringify({ server, ...rest } satisfies DoorCall),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text === "" ? undefined : JSON.parse(text);
  };
  return async (options) => {
    const { number, data, methods } = (await call({ argument: options })) as Started;
    const remote = methods.map(
      (method) => [method, (argument?: unknown) => call({ number, method, argument })] as const,
    );
    return { ...data, ...Object.fromEntries(remote) } as Running;
  };
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes = [error.cause, ...(error instanceof AggregateError ? error.errors : [])].filter(Boolean);
  return [error.stack ?? String(error), ...causes.map((cause) => `caused by ${textOf(cause)}`)].join("\n");
}
