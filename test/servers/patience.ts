/** How long tests poll for what must come. It ends what hangs; a slow machine, or one that pauses for seconds, is not wrong. */
export const PATIENCE = { timeout: 120_000 };
