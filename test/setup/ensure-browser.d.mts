/** The executable as far as known without starting or fetching anything; `undefined`: none is known yet. */
export declare const browserPath: () => string | undefined;

/** Finds a Chromium that really starts, and fetches one where there is none. Rejects with what to install. */
export declare const ensureBrowser: () => Promise<{ executablePath: string }>;
