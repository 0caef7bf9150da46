// Runs the contracts where there is neither a test runner nor a way to start a server: in a Worker, in a page.

import { type Answer, casesOf, type DoorCall, type Question, type Started, type Suites, type World } from "./suites.ts";

interface AnswererOptions extends Omit<World, "start"> {
  /** Where the servers are started: the URL of a `Door`. */
  readonly door: string;
}

export function createAnswerer(
  suites: Suites,
  { door, ...rest }: AnswererOptions,
): (question: Question) => Promise<Answer> {
  const targets = suites({ start: (server) => startBehind(door, server), ...rest });
  return async ({ suite, name }) => {
    const cases = casesOf({ database: rest.database, ...targets[suite]! });
    if (name === undefined) return { names: cases.map((each) => each.name) };
    try {
      await cases.find((each) => each.name === name)!.run();
      return { outcome: "passed" };
    } catch (error) {
      return { outcome: textOf(error) };
    }
  };
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
