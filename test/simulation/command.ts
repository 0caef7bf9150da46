import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Runs `npm run simulate` as it is run by hand. @returns what it printed, and how it ended. */
export async function simulate(args: string): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const main = join(import.meta.dirname, "main.mjs");
  const child = spawn(process.execPath, [main, ...args.split(" ")], { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number]>]);
  return { code, lines: output.trimEnd().split("\n") };
}
