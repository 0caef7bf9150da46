// Promise: a stream that begins on a connection which the server has no room for is opened on the next one.

import { expect, test } from "vitest";
import type { AdapterFactory, DriverConnection, Flight, StepOutcome } from "../../../src/contract/adapter.ts";
import { createDatabase, DbError } from "../../../src/index.ts";
import { Loan } from "../../../src/integrations/pool-host/loan.ts";
import { CAPABILITIES } from "../../../src/integrations/testing/fake-adapter.ts";

class Connection implements DriverConnection {
  readonly raw = {};
  readonly setup = [];
  readonly isReusable = true;
  state: DriverConnection["state"] = "idle";
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  async send({ steps }: Flight): Promise<StepOutcome[]> {
    if (this.number > 1)
      return steps.map(() => ({ status: "done", result: { columns: [], rows: [], rowsAffected: 0 } }));
    this.state = "closed";
    throw new DbError("CONNECT_FAILED", "no room", { adapter: "full" }, { retryable: true });
  }

  close(): void {
    this.state = "closed";
  }
}

test("its setup is refused there, and carried out on the next", async () => {
  let opened = 0;
  const full: AdapterFactory = {
    schemes: ["full"],
    identity: [],
    create: () => ({ name: "full", key: undefined, capabilities: CAPABILITIES, open: () => new Connection(++opened) }),
  };
  await using db = createDatabase("full:", { adapters: [full], setup: ["set up"] });
  const loan = new Loan(db, 1);
  const { signal } = new AbortController();
  const work = async ({ driver }: { driver: DriverConnection }) => [(driver as Connection).number, driver.state];
  const found = await loan.open(work, signal);
  await loan.settle();
  expect(found).toEqual([2, "idle"]);
  expect(db.stats().busy).toBe(0);
});
