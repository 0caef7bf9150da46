import type { Capabilities } from "../../contract/adapter.ts";

/** What libSQL can do, over `fetch`. */
export const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: Infinity,
  placeholder: "?",
  // A stronger level than asked for is what the SQL standard allows.
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};
