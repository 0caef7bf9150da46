// How much of a processor the page's own thread took in one piece: what others do on the machine does not count.

import type { CDPSession } from "@playwright/test";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Of the thread's own processor time, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** No task of a page that is free takes as long. */
const TARGET_MS = 50;

/** @returns the longest task of a page's main thread while `work` ran, in milliseconds of its processor time. */
export async function longestTask(session: CDPSession, work: () => Promise<void>): Promise<number> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { readonly value: readonly unknown[] }): void =>
    void events.push(...(value as TraceEvent[]));
  session.on("Tracing.dataCollected", collect);
  await session.send("Tracing.start", {
    traceConfig: { includedCategories: ["toplevel", "devtools.timeline", "__metadata"] },
    transferMode: "ReportEvents",
  });
  await work();
  const complete = new Promise<void>((resolve) => session.once("Tracing.tracingComplete", () => resolve()));
  await session.send("Tracing.end");
  await complete;
  session.off("Tracing.dataCollected", collect);
  const threads = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const isMain = ({ pid, tid }: TraceEvent): boolean => threads.some((each) => each.pid === pid && each.tid === tid);
  const tasks = events.filter((event) => event.name.endsWith("RunTask") && event.tdur !== undefined && isMain(event));
  if (tasks.length === 0) throw new Error("the trace has no task of the page's thread");
  return Math.max(...tasks.map(({ tdur }) => tdur! / 1_000));
}

/** The same of up to three runs: a machine that is busy itself stretches one or another; what holds a page up does so in each. */
export async function longestTaskAtBest(session: CDPSession, work: (run: number) => Promise<void>): Promise<number> {
  let longestMs = Infinity;
  for (let run = 1; run <= 3 && longestMs >= TARGET_MS; run++)
    longestMs = Math.min(longestMs, await longestTask(session, () => work(run)));
  return longestMs;
}
