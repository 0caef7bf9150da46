// Promise: what makes an adapter is checked where it is made, and not when the first connection needs it.

import { expect, test } from "vitest";
import { simpleAdapter, simplePostgresAdapter } from "../../../src/adapters/kit/index.ts";

const run = (): never => {
  throw new Error("nothing runs");
};
const all = { name: "x", schemes: ["x"], open: run, run, inTransaction: run, close: run };

test.each([
  ["simpleAdapter", simpleAdapter, ["open", "run", "inTransaction", "close"], ["toError", "isOpen", "stream", "key"]],
  ["simplePostgresAdapter", simplePostgresAdapter, ["open", "run", "close"], ["toServerError", "isOpen", "key"]],
] as const)("%s() names what is no function", (_, make, required, others) => {
  const made = (changed: object): unknown => make({ ...all, ...changed });
  expect(made({})).toMatchObject({ schemes: ["x"] });
  for (const member of required)
    expect(() => made({ [member]: undefined })).toThrow(`Expected \`${member}\` to be a function, got \`undefined\``);
  for (const member of others) {
    expect(() => made({ [member]: true })).toThrow(`Expected \`${member}\` to be a function, got \`boolean\``);
    expect(made({ [member]: undefined })).toBeDefined();
  }
});
