import { d1Target } from "../../adapters/d1/target.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ d1: next }) => ({ D1: d1Target(next!) });
