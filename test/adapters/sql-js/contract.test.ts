import { describe, test } from "vitest";
import { adapterContract } from "../../kit/adapter-contract.ts";
import { target } from "./target.ts";

describe("sql.js keeps the contract of adapters", () => {
  for (const { name, run } of adapterContract(target)) test(name, run);
});
