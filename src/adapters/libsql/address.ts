/** Where a database is, and the token that its URL brought along. */
export interface Address {
  /** With a slash at its end, and without any secret: `https://shop.turso.io/`. */
  readonly baseUrl: string;
  readonly token: string | undefined;
}

/**
 * Reads `libsql://host[:port][/path][?tls=0][&authToken=…]`, or the same with `https:` or `http:`.
 *
 * @throws TypeError that shows no secret of the URL.
 */
export function parseAddress(text: string): Address {
  let url: URL;
  try {
    // Only the special schemes have a host and a path that can be read and set alike everywhere.
    url = new URL(text.replace(/^libsql:/i, "https:"));
  } catch {
    throw new TypeError("Expected a URL like `libsql://shop.turso.io`, got one that does not parse");
  }
  if (url.username || url.password)
    throw new TypeError("Expected a libSQL URL without user and password: give the token as `authToken`");
  const token = url.searchParams.get("authToken") ?? undefined;
  const tls = url.searchParams.get("tls");
  for (const name of url.searchParams.keys()) {
    if (name !== "authToken" && name !== "tls")
      throw new TypeError(`Expected \`authToken\` or \`tls\` in a libSQL URL, got \`${name}\``);
  }
  if (tls === "0" && !/^https:/i.test(text)) url.protocol = "http:";
  else if (tls !== null && (tls !== "1" || url.protocol === "http:")) {
    throw new TypeError(
      `Expected \`tls=0\` with libsql: only, and \`tls=1\` not with http:, got \`tls=${tls === "1" ? 1 : "…"}\``,
    );
  }
  url.search = url.hash = "";
  return { baseUrl: withSlash(url.href), token };
}

/** A path is relative to the whole URL only behind a slash. */
export function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
