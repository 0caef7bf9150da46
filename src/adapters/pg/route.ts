import { type Address, parseAddress } from "../postgres/address.ts";
import type { SharedOptions } from "./index.ts";

/** How to reach a database, and what stands in between. */
export interface Route {
  readonly address: Address;
  /** The URL's parameters about TLS, as they stand there; `""` when there are none. */
  readonly tls: string;
  /** In their place. */
  readonly ssl: unknown;
  readonly isPooled: boolean;
  /** It is Hyperdrive that lends the sessions, and takes back settings by itself. */
  readonly isHyperdrive: boolean;
}

const TLS = /^(ssl\w*|uselibpqcompat)$/;
/** Poolers that lend a session for each transaction: Hyperdrive's, Neon's, Supabase's. */
const POOLERS = /\.hyperdrive\.local$|^[^.]*-pooler(\.|$)|\.pooler\.supabase\.com:6543$/;

/** @throws TypeError that shows no secret of the URL. */
export function readRoute(url: string, { pooled, ssl }: Pick<SharedOptions, "pooled" | "ssl">): Route {
  const address = parseAddress(url);
  const params = new URLSearchParams(url.replace(/^[^?]*\??/, "").replace(/#.*/, ""));
  const tls = [...params].filter(([name]) => TLS.test(name));
  const { host, port } = address;
  const isHyperdrive = pooled === undefined && host.endsWith(".hyperdrive.local");
  return {
    address,
    tls: new URLSearchParams(tls).toString(),
    ssl,
    isPooled: pooled ?? (params.get("pgbouncer") === "true" || POOLERS.test(host) || POOLERS.test(`${host}:${port}`)),
    isHyperdrive,
  };
}
