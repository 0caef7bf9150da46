export function ensureSqld(): Promise<string | undefined>;
