import type { Capabilities, Settings } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { Address } from "./address.ts";
import type { Parsers } from "./parsers.ts";

/** What shapes the sessions of a database. */
export interface SessionConfig {
  readonly setup: readonly Statement[];
  readonly parsers: Parsers;
  readonly idleInTransactionMs: number;
  /** Longest wait for an answer, in milliseconds; 0 = for ever. */
  readonly answerTimeoutMs: number;
  /** Behind a pooler that lends a session for each transaction. */
  readonly isPooled: boolean;
  /** Of the URL, where a session cannot keep them. */
  readonly inherited: Settings;
}

export const CAPABILITIES: Capabilities = {
  dialect: "postgres",
  affinity: "request",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: Infinity,
  placeholder: "$",
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/** The URL's settings: those of the session, or of each of its transactions. As SQL: poolers refuse them at startup, or drop them. */
export function settingsOf(
  { settings }: Address,
  isPooled: boolean,
): { readonly setup: Statement[]; readonly inherited: Settings } {
  if (isPooled) return { setup: [], inherited: Object.fromEntries(settings) };
  return {
    setup: [...settings].map(([name, value]) => ({ text: `SELECT set_config('${name}', $1, false)`, params: [value] })),
    inherited: {},
  };
}
