import type { ContractDialect } from "../../../src/integrations/adapter-contract/index.ts";

/** What HTTP changes of it: nothing of a session is left behind, for it is refused. */
export const httpDialect: Partial<ContractDialect> = {
  leftovers: [],
  kill: undefined,
};
