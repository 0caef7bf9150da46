// Promise: the timeline shows what happened, and pauses cost it no room.

import { expect, test } from "vitest";
import { createAxis, findBursts } from "../../demo/page/sessions/axis.ts";
import { Timeline } from "../../demo/page/sessions/timeline.ts";
import { createTrack, type Track } from "../../demo/page/sessions/track.ts";
import { state, subject } from "../../demo/page/sessions/words.ts";
import type { DatabaseEvent } from "../../src/index.ts";

function track(session: number, from: number, to: number | undefined): Track {
  return Object.assign(createTrack(session, undefined, from), { to });
}

function record(timeline: Timeline, ...events: object[]): void {
  for (const event of events) timeline.record({ at: 0, pool: "sqljs:memory", ...event } as DatabaseEvent);
}

test("sessions that follow closely are one burst, and a silence begins another", () => {
  const tracks = [track(1, 0, 100), track(2, 50, 300), track(3, 60_000, 60_010)];
  expect(findBursts(tracks, 70_000)).toEqual([
    { from: 0, to: 300 },
    { from: 60_000, to: 60_010 },
  ]);
});

test("time runs to the right, within the width, and a minute of silence is a gap like any other", () => {
  const axis = createAxis([track(1, 0, 300), track(2, 60_000, 60_100)], 500, 70_000);
  const places = [0, 150, 300, 60_000, 60_100].map((time) => axis.x(time));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places.at(-1)).toBeCloseTo(500);
  expect((places[3] as number) - (places[2] as number)).toBeLessThan(40);
});

test("two hundred bursts all lie within the width, the newest too", () => {
  const tracks = Array.from({ length: 200 }, (_, at) => track(at + 1, at * 5_000, at * 5_000 + 20));
  const axis = createAxis(tracks, 600, 2_000_000);
  const last = axis.bursts.at(-1)!;
  expect(last.x + last.width).toBeLessThanOrEqual(600.001);
  expect(axis.bursts.every(({ width }) => width > 0)).toBe(true);
  expect(axis.x(tracks.at(-1)!.from)).toBeGreaterThan(axis.x(tracks.at(-2)!.to!));
});

test("a session that ends without a commit or a rollback has a mark where it ends", () => {
  const timeline = new Timeline();
  const owner = { id: 1, parent: undefined };
  record(timeline, { type: "session", session: 1 }, { type: "wait", owner, waiting: 1 });
  record(timeline, { type: "end", session: 1, outcome: "aborted" });
  record(timeline, { type: "session", session: 2 }, { type: "end", session: 2, outcome: "failed" });
  record(timeline, { type: "session", session: 3 }, { type: "end", session: 3, outcome: "done" });
  expect(timeline.tracks.map(({ marks }) => marks.map(({ kind }) => kind))).toEqual([["abort"], ["error"], []]);
});

test("an import of thousands of flights keeps a bounded past, and says of a long flight what it begins with", () => {
  const timeline = new Timeline();
  record(timeline, { type: "session", session: 1, name: "your import" });
  const statements = Array.from({ length: 500 }, () => "insert into t values (?)");
  for (let at = 0; at < 3_000; at++)
    record(timeline, { type: "flight", session: 1, connection: 1, statements, durationMs: 1, isOk: true });
  const [lane] = timeline.tracks as [Track];
  expect(lane.flights.length).toBeLessThanOrEqual(400);
  expect(lane.story.length).toBeLessThanOrEqual(200);
  expect(lane.story.at(-1)?.text).toMatch(/496 more$/);
  expect(subject(lane)).toBe("your import");
});

test("a session that still runs reaches to now", () => {
  expect(findBursts([track(1, 0, undefined)], 1_234)).toEqual([{ from: 0, to: 1_234 }]);
});

test("a session's lane holds its wait, its connection, its flights and its end", () => {
  const timeline = new Timeline();
  const owner = { id: 7, parent: undefined };
  record(
    timeline,
    { type: "session", session: 7, parent: undefined },
    { type: "wait", owner, waiting: 1 },
    { type: "acquire", connection: 1, owner, waitedMs: 12 },
    {
      type: "flight",
      session: 7,
      connection: 1,
      statements: ["begin", "insert into t values (?)"],
      durationMs: 1,
      isOk: true,
    },
    { type: "begin", session: 7 },
    { type: "commit", session: 7 },
    { type: "release", connection: 1, owner },
    { type: "end", session: 7, outcome: "done" },
  );
  const [lane] = timeline.tracks as [Track];
  expect(lane).toMatchObject({ session: 7, outcome: "done", marks: [{ kind: "commit" }] });
  expect([lane.waits, lane.holds].flat().every(({ to }) => to !== undefined)).toBe(true);
  expect([state(lane), subject(lane)]).toEqual(["committed", "insert into t values (?)"]);
  expect(timeline.log).toHaveLength(8);
});

test("clearing keeps what still runs", () => {
  const timeline = new Timeline();
  record(
    timeline,
    { type: "session", session: 1 },
    { type: "end", session: 1, outcome: "done" },
    { type: "session", session: 2 },
  );
  timeline.clear();
  expect(timeline.tracks.map(({ session }) => session)).toEqual([2]);
});

test("a long life of the page keeps a bounded number of lanes and lines", () => {
  const timeline = new Timeline();
  for (let id = 1; id <= 1_500; id++)
    record(timeline, { type: "session", session: id }, { type: "end", session: id, outcome: "done" });
  expect(timeline.tracks.length).toBeLessThanOrEqual(200);
  expect(timeline.tracks.at(-1)?.session).toBe(1_500);
  expect(timeline.log.length).toBeLessThanOrEqual(1_000);
});
