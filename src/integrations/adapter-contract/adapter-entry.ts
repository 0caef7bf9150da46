// `isopool/adapter`: the kit for adapters of others, and the contract that proves what was made with it.

export * from "../../adapters/kit/index.ts";
export * from "./index.ts";
