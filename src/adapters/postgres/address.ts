/** Where a database is, who asks, and what the URL sets. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** Without a password and without settings: `postgresql://ada@shop.neon.tech/shop`. */
  readonly key: string;
  /** With the password, and nothing that only the WebSocket knows. */
  readonly connectionString: string;
  readonly applicationName: string | undefined;
  /** Settings of every session, by name: `statement_timeout`, and what stands in `options` as `-c name=value`. */
  readonly settings: ReadonlyMap<string, string>;
}

const SETTINGS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "search_path"];
// About TLS, which the WebSocket and HTTPS see to, or about other clients' pools.
const WITHOUT_EFFECT =
  /^(ssl\w*|channel_binding|connect_timeout|pgbouncer|connection_limit|pool_timeout|uselibpqcompat)$/;

/**
 * Reads `postgresql://user:password@host[:port]/database[?parameters]`.
 *
 * @throws TypeError that shows no secret of the URL.
 */
export function parseAddress(text: string): Address {
  const { url, user, password, database } = readUrl(text);
  const { hostname: host, port, searchParams } = url;
  const place = `${host}${port && `:${port}`}/${encodeURIComponent(database)}`;
  const login = encodeURIComponent(user);
  return {
    host,
    port: Number(port || 5432),
    user,
    password: password || undefined,
    database,
    key: `postgresql://${login}@${place}`,
    connectionString: `postgresql://${login}${password && `:${encodeURIComponent(password)}`}@${place}`,
    applicationName: searchParams.get("application_name") ?? undefined,
    settings: readSettings(searchParams),
  };
}

function readUrl(text: string): Record<"user" | "password" | "database", string> & { readonly url: URL } {
  try {
    // Only the special schemes have a host and a user that can be read alike everywhere. Each hides a port: this one, 21.
    const url = new URL(text.replace(/^postgres(ql)?:/i, "ftp:"));
    const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent);
    // The server would read what is behind a NUL as parameters of its own.
    if (user && database && !text.includes("%00")) return { url, user, password: password!, database };
  } catch {}
  throw new TypeError("Expected a URL like `postgresql://user:password@host/database`, percent-encoded");
}

function readSettings(params: URLSearchParams): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of params) {
    if (SETTINGS.includes(name)) settings.set(name, value);
    else if (name === "options") readOptions(value, settings);
    else if (name !== "application_name" && !WITHOUT_EFFECT.test(name))
      throw new TypeError(`Expected a known PostgreSQL URL parameter, got \`${name}\``);
  }
  return settings;
}

// Over HTTP Neon ignores them, and its pooler refuses them: they are sent as SQL, with the first statement.
function readOptions(options: string, settings: Map<string, string>): void {
  for (const [, name = "", value = ""] of options.matchAll(/(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)/g))
    settings.set(name.replaceAll("-", "_").toLowerCase(), value.replaceAll(/\\(.)/g, "$1"));
}
