// What differs between the open source server and Turso's own service, as far as each is documented.
// sqld: libsql-server/src/hrana/http. Turso Cloud: serverless/PROTOCOL.md of tursodatabase/turso.

import { HttpFailure, ProtocolFailure } from "./failures.ts";
import type { ProfileName } from "./options.ts";

export interface Profile {
  /** Whether a stream that holds nothing of its client is closed after each answer, which then has no baton. */
  readonly closesIdleStreams: boolean;
  /** Whether extended error codes are told. */
  readonly tellsExtendedCodes: boolean;
  /** Whether sqld's list of refused statements applies. */
  readonly refusesUnknownStatements: boolean;
  /** Whether a SQL text may be stored under an id that is in use. */
  readonly replacesStoredSql: boolean;
  /** Whether `close` must be the last request of a pipeline, or nothing of it runs. */
  readonly wantsCloseLast: boolean;
  /** Whether texts are parsed by sqld's own parser, which has words of its own. */
  readonly hasOwnParser: boolean;
  /** Status of an answer to a client that waited too long for a stream. */
  readonly overloadStatus: number;
  malformedBaton(): Error;
  unknownBaton(): Error;
  usedBaton(): Error;
  expiredBaton(): Error;
  /** Body and type of an answer to a broken protocol. */
  protocolAnswer(message: string): { readonly body: string; readonly contentType: string };
}

const sqld: Profile = {
  closesIdleStreams: false,
  tellsExtendedCodes: false,
  refusesUnknownStatements: true,
  replacesStoredSql: false,
  wantsCloseLast: false,
  hasOwnParser: true,
  overloadStatus: 429,
  malformedBaton: () => new ProtocolFailure("Received an invalid baton"),
  unknownBaton: () => new ProtocolFailure("Received an invalid baton"),
  usedBaton: () => new ProtocolFailure("Received a baton that has already been used"),
  expiredBaton: () => new HttpFailure(400, "The stream has expired due to inactivity", "STREAM_EXPIRED"),
  protocolAnswer: (message) => ({ body: message, contentType: "text/plain" }),
};

const tursoCloud: Profile = {
  closesIdleStreams: true,
  tellsExtendedCodes: true,
  refusesUnknownStatements: false,
  replacesStoredSql: true,
  wantsCloseLast: true,
  hasOwnParser: false,
  overloadStatus: 503,
  malformedBaton: () => new HttpFailure(400, "malformed baton"),
  unknownBaton: () => new HttpFailure(404, "stream not found"),
  usedBaton: () => new HttpFailure(404, "stream not found: stale baton"),
  expiredBaton: () => new HttpFailure(404, "stream not found: expired"),
  protocolAnswer: (message) => ({ body: JSON.stringify({ error: message }), contentType: "application/json" }),
};

export const profiles: Readonly<Record<ProfileName, Profile>> = { sqld, "turso-cloud": tursoCloud };
