import { AsyncLocalStorage } from "node:async_hooks";
import * as channels from "node:diagnostics_channel";
import { afterEach, expect, test } from "vitest";
import { diagnostics, type DiagnosticsMessage } from "../../../src/integrations/opentelemetry/index.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";
import { shop } from "./telemetry.ts";

type Stage = "start" | "end" | "asyncStart" | "asyncEnd" | "error";
const STAGES: readonly Stage[] = ["start", "end", "asyncStart", "asyncEnd", "error"];

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

/** What is published on one of the channels, stage by stage. */
function record(name: string): { stage: Stage; message: DiagnosticsMessage }[] {
  const told: { stage: Stage; message: DiagnosticsMessage }[] = [];
  for (const stage of STAGES) {
    const listener = (message: unknown): void => void told.push({ stage, message: message as DiagnosticsMessage });
    channels.subscribe(`tracing:isopool:${name}:${stage}`, listener);
    undo.push(() => void channels.unsubscribe(`tracing:isopool:${name}:${stage}`, listener));
  }
  return told;
}

const stagesOf = (told: ReturnType<typeof record>): string => told.map(({ stage }) => stage).join(" ");

test("a session starts and ends, with one message", async () => {
  const told = record("session");
  const db = shop({ onEvent: diagnostics(channels) });
  await db.session((session) => session.sql`select 1`, { name: "checkout" });
  await db.dispose();
  expect(stagesOf(told)).toBe("start end asyncStart asyncEnd");
  expect(new Set(told.map(({ message }) => message)).size).toBe(1);
  expect(told[0]!.message).toMatchObject({ name: "checkout", outcome: "done", session: expect.any(Number) });
});

test("a flight is published when it leaves, and again when it is over, with its statements and without values", async () => {
  const told = record("flight");
  const db = shop({ onEvent: diagnostics(channels) });
  const stages: string[] = [];
  await db.session(async (session) => {
    const asked = session.query("select ? as secret", ["s3cr3t"]);
    await asked;
    stages.push(stagesOf(told));
  });
  expect(stages).toEqual(["start end asyncStart asyncEnd"]);
  expect(told[0]!.message).toMatchObject({ statements: ["begin", "select ? as secret"], connection: 1 });
  expect(JSON.stringify(told)).not.toContain("s3cr3t");
  await db.dispose();
});

test("a flight has started before its answer is there", async () => {
  const told = record("flight");
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const script = async (text: string): Promise<undefined> => (text === "slow" ? held.then(() => undefined) : undefined);
  const { db } = fakeDatabase({ script }, { onEvent: diagnostics(channels) });
  const running = db.session((session) => session.query("slow"));
  while (told.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(stagesOf(told.slice(0, 2))).toBe("start end");
  release();
  await running;
  await db.dispose();
});

test("a failure is published as an error before the end", async () => {
  const [flights, sessions] = [record("flight"), record("session")];
  const db = shop({ onEvent: diagnostics(channels) });
  await expect(db.session((session) => session.sql`select * from nowhere`)).rejects.toThrow();
  await db.dispose();
  expect(stagesOf(flights)).toMatch(/^start end error asyncStart asyncEnd/);
  expect(flights[0]!.message.error).toMatchObject({ code: "QUERY_FAILED" });
  expect(stagesOf(sessions)).toBe("start end error asyncStart asyncEnd");
  expect(sessions[0]!.message).toMatchObject({ outcome: "failed", durationMs: expect.any(Number) });
});

test("acquires and opens are published, with how long they took", async () => {
  const [acquires, opens] = [record("acquire"), record("open")];
  const db = shop({ onEvent: diagnostics(channels) });
  await db.sql`select 1`;
  await db.sql`select 2`;
  await db.dispose();
  expect(stagesOf(acquires)).toBe("start end asyncStart asyncEnd start end asyncStart asyncEnd");
  expect(acquires[0]!.message).toMatchObject({ connection: 1, durationMs: expect.any(Number) });
  expect(stagesOf(opens)).toBe("start end asyncStart asyncEnd");
  expect(opens[0]!.message).toMatchObject({ connection: 1, durationMs: expect.any(Number) });
});

test("an open that failed is an error, and so is the acquire that waited for it", async () => {
  const [acquires, opens] = [record("acquire"), record("open")];
  const { db } = fakeDatabase(
    { onOpen: () => Promise.reject(new Error("refused")) },
    { onEvent: diagnostics(channels) },
  );
  await db.session((session) => session.query("one")).catch(() => undefined);
  await db.dispose();
  expect(stagesOf(opens)).toContain("error");
  expect(stagesOf(acquires)).toBe("start end error asyncStart asyncEnd");
  expect(acquires[0]!.message).toMatchObject({ durationMs: expect.any(Number) });
});

test("tools that bind a store to the start of a flight begin their span there", async () => {
  const store = new AsyncLocalStorage<string>();
  const channel = channels.tracingChannel("isopool:flight");
  const begun: unknown[] = [];
  channel.start.bindStore(store, (message) => {
    begun.push(message);
    return "span";
  });
  undo.push(() => void channel.start.unbindStore(store));
  const db = shop({ onEvent: diagnostics(channels) });
  await db.sql`select 1`;
  await db.dispose();
  expect(begun).toMatchObject([{ statements: ["select 1"] }]);
});

test("nothing is published while nobody subscribes, and what began before is not half told", async () => {
  const db = shop({ onEvent: diagnostics(channels) });
  let told: ReturnType<typeof record> = [];
  await db.session(async (session) => {
    await session.sql`select 1`;
    told = record("session");
  });
  await db.dispose();
  expect(told).toEqual([]);
});

test("a module without tracing channels is refused", () => {
  expect(() => diagnostics({} as never)).toThrow("tracingChannel()");
});
