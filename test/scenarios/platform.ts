import type { Scenario } from "./scenario.ts";

export const platform: readonly Scenario[] = [
  {
    name: "a dynamic import, fetch, and the text of its response",
    expected: ["A", "A", "A"],
    // Workers fetch no data: URL.
    isPossible: () => (globalThis.navigator as Navigator | undefined)?.userAgent !== "Cloudflare-Workers",
    play: ({ run, get }) =>
      run("A", async () => {
        await import("./library.ts");
        const seen = [get()];
        const response = await fetch("data:text/plain,x");
        seen.push(get());
        await response.text();
        return [...seen, get()];
      }),
  },
  {
    name: "IndexedDB, as a promise",
    expected: "A",
    isPossible: () => "indexedDB" in globalThis,
    play: ({ run, get }) =>
      run("A", async () => {
        await new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open("scenario");
          opening.addEventListener("success", () => {
            opening.result.close();
            resolve();
          });
          opening.addEventListener("error", () => reject(new Error("IndexedDB does not open")));
        });
        return get();
      }),
  },
];
