/**
 * Takes values out of a message that may repeat them, whole or in part: those of triggers, JSON paths, full-text queries
 * and functions written in JavaScript do.
 *
 * @example
 * scrub("malformed JSON: 's3cr3t'", ["s3cr3t"]); // "malformed JSON: ?"
 */
export function scrub(message: string, values: readonly unknown[]): string {
  // The longest first: one may be part of another.
  const texts = values.map((value) => String(value ?? "")).sort((a, b) => b.length - a.length);
  return texts
    .filter(Boolean)
    .reduce((rest, text) => rest.replaceAll(text, "?"), message)
    .replace(/(["'[])(.+?)["'\]]/g, (part, _, inner: string) =>
      texts.some((text) => text.includes(inner)) ? "?" : part,
    );
}
