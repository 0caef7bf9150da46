import type { BrowserContext } from "@playwright/test";
import { showsSecret, watchConsoles } from "../setup/secrets.ts";

/** What shows a secret or a parameter's value in the consoles of a context's pages and workers, from now on. */
export function leaksOf(context: BrowserContext): string[] {
  const leaks: string[] = [];
  watchConsoles(context, (text) => {
    if (showsSecret(text)) leaks.push(text);
  });
  return leaks;
}
