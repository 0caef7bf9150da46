// Tabs share one connection, at the tab that leads. A session of another tab has its own way there, and waits at its end: of that its
// pool knows nothing, and the answer to its first flight comes late.

import type { Track } from "./track.ts";

/** Whether a session is in the middle of its turn: answered once, and not done. */
function hasTurn({ flights, holds, outcome }: Track): boolean {
  return outcome === "running" && flights.length > 0 && holds.at(-1)?.to === undefined;
}

/** A session sends its first flight: when another tab's has its turn, it waits from now on. @returns whether it does. */
export function waitForTurn(track: Track, all: Iterable<Track>, at: number): boolean {
  const hold = track.holds.at(-1);
  if (track.flights.length > 0 || !hold || hold.to !== undefined) return false;
  const others = [...all].filter(({ place }) => place !== track.place);
  const holder = others.find(hasTurn);
  if (!holder) return false;
  track.holds.pop();
  track.waits.push({ from: at, to: undefined });
  const who = holder.place === "" ? "another tab" : holder.place;
  track.story.push({ at, text: `waits for ${who}, whose session ${holder.session} has the database` });
  track.turnOf = hold;
  track.waitsFor = who;
  return true;
}

/** Its first flight is answered: its turn began when the one before had ended. @returns when that was; `undefined`: it has not waited. */
export function turnAfter(track: Track, all: Iterable<Track>, at: number): number | undefined {
  const hold = track.turnOf;
  const wait = track.waits.at(-1);
  if (!hold || !wait) return undefined;
  track.turnOf = track.waitsFor = undefined;
  const others = [...all].filter(({ place }) => place !== track.place);
  const ends = others.map(({ to }) => to).filter((to) => to !== undefined && to <= at) as number[];
  // That the one before is done is known there before it is heard of here: then it was just now.
  const turn = others.some(hasTurn) ? at : Math.max(wait.from, ...ends);
  wait.to = turn;
  track.holds.push({ ...hold, from: turn });
  track.story.push({ at: turn, text: "has its turn" });
  return turn;
}
