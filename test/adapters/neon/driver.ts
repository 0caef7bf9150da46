import { Client, neon } from "@neondatabase/serverless";
import { WebSocket } from "ws";
import type { Driver } from "./target.ts";

/** Neon's driver as Node has it: version 20 brings no WebSocket. */
export const driver: Driver = { neon, Client, WebSocket };
