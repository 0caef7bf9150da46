export function pgbouncerPath(): string | undefined;
export function ensurePgbouncer(): Promise<string | undefined>;
