import { describe, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { target } from "./target.ts";

describe("sql.js keeps the contract of adapters", () => {
  for (const { name, run } of adapterContract(target)) test(name, run);
});

describe("sessions on sql.js keep their promises", () => {
  for (const { name, run } of databaseContract(target)) test(name, run);
});
