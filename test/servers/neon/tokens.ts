import { createHmac, timingSafeEqual } from "node:crypto";
import { HttpFailure } from "./failures.ts";

const KEY = "the test server's own";

/** A token that the server believes, for an hour unless told. Neon itself wants RS256 or ES256 of a key that it was told of. */
export function signToken(claims: Readonly<Record<string, unknown>> = {}, expiresInS = 3_600): string {
  const exp = Math.floor(Date.now() / 1_000) + expiresInS;
  const parts = [
    { typ: "JWT", alg: "HS256", kid: "test" },
    { exp, ...claims },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign(text).toString("base64url")}`;
}

/** In the words of proxy/src/auth/backend/jwt.rs. @throws HttpFailure 400 */
export function checkToken(token: string): void {
  const [header, payload, signature, more] = token.split(".");
  if (!header || !payload || !signature || more !== undefined) throw new HttpFailure(400, "invalid compact form");
  const [given, expected] = [Buffer.from(signature, "base64url"), sign(`${header}.${payload}`)];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new HttpFailure(400, "signature error: signature error");
  }
  const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
  if (exp * 1_000 <= Date.now()) throw new HttpFailure(400, "JWT token has expired");
}

function sign(text: string): Buffer {
  return createHmac("sha256", KEY).update(text).digest();
}
