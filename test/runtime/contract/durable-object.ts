import { objectTarget } from "../../adapters/durable-object/target.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ storage }) => ({ "a Durable Object": objectTarget(storage!) });
