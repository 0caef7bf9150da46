// A server in a process of its own: how it is started, and how it is asked.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export interface ChildOptions {
  /** Packages that are left out of the bundle: addons, and what must be the same in all of it. */
  readonly external: readonly string[];
  /** Flags of Node's. */
  readonly flags?: readonly string[];
  /** Default: this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** What a child is asked: it answers with the same `id`, and a `value` or an `error`. */
export interface Call<Name extends string = string> {
  readonly id: number;
  /** Which of the process's servers. */
  readonly server: number;
  readonly name: Name;
  readonly argument: unknown;
}

export type Ask<Name extends string = string> = (
  call: Pick<Call<Name>, "server" | "name"> & { readonly argument?: unknown },
) => Promise<unknown>;

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Starts a file of TypeScript in a process that has a channel to this one. */
export async function startChild(main: URL, options: ChildOptions): Promise<ChildProcess> {
  const { flags = [], environment = process.env } = options;
  const entryPoints = [fileURLToPath(main)];
  const external = [...options.external];
  // Node 20 runs no TypeScript: the server is one bundle, handed over as text. Packages are then looked for from the folder it runs in.
  const target = { platform: "node", format: "esm", target: "node20", external } satisfies BuildOptions;
  const { outputFiles } = await build({ ...target, entryPoints, bundle: true, write: false });
  const child = spawn(process.execPath, [...flags, "--input-type=module", "-"], {
    cwd: ROOT,
    env: environment,
    stdio: ["pipe", "inherit", "inherit", "ipc"],
  });
  child.stdin!.end(outputFiles[0]!.text);
  return child;
}

/**
 * One child for all who ask: started by the first question, and by the first after it has ended.
 *
 * @param title - whose errors they are: `neon server`.
 */
export function sharedChild<Name extends string>(title: string, start: () => Promise<ChildProcess>): Ask<Name> {
  let asking: Promise<Ask> | undefined;
  const begin = async (): Promise<Ask> => {
    const child = await start();
    // It ends with this process, and keeps it from nothing but waiting for an answer.
    child.unref();
    child.channel?.unref();
    child.on("exit", () => (asking = undefined));
    return askerOf(child, title);
  };
  return async (call) => (await (asking ??= begin()))(call);
}

function askerOf(child: ChildProcess, title: string): Ask {
  let calls = 0;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on("message", ({ id, value, error }: Reply) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (waiting.size === 0) child.channel?.unref();
    if (error === undefined) resolve(value);
    else reject(new Error(`${title}: ${error}`));
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the ${title} ended, with code ${code}`));
    waiting.clear();
  });
  return (call) =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, { resolve, reject });
      // Who waits for an answer is not done.
      child.channel?.ref();
      child.send({ argument: undefined, ...call, id } satisfies Call);
    });
}
