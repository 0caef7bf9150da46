import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

/** Starts main.ts in a process of its own; it ends when this one does, and PostgreSQL with it. */
export async function startProcess(environment: NodeJS.ProcessEnv = process.env): Promise<ChildProcess> {
  const entryPoints = [fileURLToPath(new URL("main.ts", import.meta.url))];
  // Node 20 runs no TypeScript: the server is one bundle, handed over as text. Packages are then looked for from the folder it runs in.
  const target = { platform: "node", format: "esm", target: "node20", external: ["ws"] } satisfies BuildOptions;
  const { outputFiles } = await build({ ...target, entryPoints, bundle: true, write: false });
  const child = spawn(process.execPath, ["--input-type=module", "-"], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: environment,
    stdio: ["pipe", "inherit", "inherit", "ipc"],
  });
  child.stdin!.end(outputFiles[0]!.text);
  return child;
}
