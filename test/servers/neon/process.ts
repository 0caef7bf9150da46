import type { ChildProcess } from "node:child_process";
import { startChild } from "../child.ts";

/** Starts main.ts in a process of its own; it ends when this one does, and PostgreSQL with it. */
export function startProcess(environment?: NodeJS.ProcessEnv): Promise<ChildProcess> {
  return startChild(new URL("main.ts", import.meta.url), { external: ["ws"], ...(environment && { environment }) });
}
