// What was run before, newest first; kept in this browser.

const KEY = "isopool.history";
const KEPT = 50;

export function readHistory(): string[] {
  try {
    const entries: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === "string") : [];
  } catch {
    // Refused or damaged storage: a console without memory still runs.
    return [];
  }
}

export function addToHistory(text: string): void {
  const entries = [text, ...readHistory().filter((entry) => entry !== text)].slice(0, KEPT);
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // As above.
  }
}

const DRAFT_KEY = "isopool.draft";

/** What stood in the editor when the page was left. */
export function readDraft(): string | undefined {
  try {
    return localStorage.getItem(DRAFT_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(text: string): void {
  try {
    localStorage.setItem(DRAFT_KEY, text);
  } catch {
    // As above.
  }
}
