// An isolate's requests as lanes of the timeline: each is a session, which waited, and had a connection.

import type { RequestReport } from "../../worker/report.ts";
import { duration, plural } from "../format.ts";
import { createTrack, type Mark, type Track } from "../sessions/track.ts";

/** @param shiftMs - from their clock to the timeline's. */
export function toTracks(requests: readonly RequestReport[], place = "", shiftMs = 0): Track[] {
  return requests.map((request) => toTrack({ ...request, at: request.at + shiftMs }, place));
}

function toTrack({ id, at, method, path, status, flights, waitedMs, ms }: RequestReport, place: string): Track {
  const got = at + waitedMs;
  const to = at + ms;
  const isLeft = status === 499;
  const isOk = status >= 200 && status < 400;
  // A list is not in a transaction, and has nothing to commit.
  const kind: Mark["kind"] | undefined = isLeft
    ? "abort"
    : isOk
      ? method === "GET"
        ? undefined
        : "commit"
      : "rollback";
  const end = isLeft ? "its client left, and it was rolled back" : `answers ${status}`;
  return {
    ...createTrack(id, undefined, at, place),
    name: `${method} ${path}`,
    to,
    outcome: isLeft ? "aborted" : isOk ? "done" : "failed",
    waits: waitedMs > 0 ? [{ from: at, to: got }] : [],
    holds: [{ from: got, to, connection: 0 }],
    marks: kind ? [{ kind, at: to }] : [],
    story: [
      { at, text: "arrives" },
      ...(waitedMs > 0 ? [{ at: got, text: `gets a connection after ${duration(waitedMs)}` }] : []),
      { at: to, text: `${end}, after ${plural(flights, "round trip")}` },
    ],
  };
}
