// What no test may let out, and where others than this process print it: workerd, Miniflare, a browser's pages.

import type { BrowserContext } from "@playwright/test";

/** What the servers of the tests are logged in to with, and what tests write into URLs. */
export const SECRETS: readonly string[] = ["npg_secret", "s3cret", "t0k3n", "p4ssw0rd"];
/** Values that stand in no message by chance: what tests bind to see whether it shows. */
export const MARKED = /hidden|s3cret|not-shown|v4lu3/;

export function showsSecret(text: string): boolean {
  return SECRETS.some((secret) => text.includes(secret)) || MARKED.test(text);
}

type Tell = (text: string) => void;

/** Where leaked-secrets.ts listens, in the process of a test file. */
const PRINTED = Symbol.for("isopool.tests.printed");

/** Takes what a process has printed that a test has started. */
export function tellPrinted(text: string): void {
  (globalThis as { [PRINTED]?: Tell })[PRINTED]?.(text);
}

export function listenForPrinted(tell: Tell): void {
  Object.assign(globalThis, { [PRINTED]: tell });
}

/** Tells each line in the consoles of a browser's pages and their workers, of any kind, and each error that nobody caught. */
export function watchConsoles(context: BrowserContext, tell: Tell = tellPrinted): void {
  context.on("console", (message) => tell(message.text()));
  context.on("weberror", (error) => tell(String(error.error().stack)));
}
