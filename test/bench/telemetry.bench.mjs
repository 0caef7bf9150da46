// What listening costs a session of one statement on sql.js, and one more statement of it: diagnostics() with nobody subscribed,
// and opentelemetry() without an SDK and with one whose spans are dropped. Rounds take turns; a figure is the fastest tenth of its rounds: others work on
// this machine too, and nothing makes a session faster than it is.

import * as channels from "node:diagnostics_channel";
import * as api from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import initSqlJs from "sql.js";
import { createDatabase } from "../../dist/index.js";
import { sqlJs } from "../../dist/adapters/sql-js/index.js";
import { diagnostics, opentelemetry } from "../../dist/integrations/opentelemetry/index.js";

const ROUNDS = 300;
const SESSIONS = 100;
const STATEMENTS = 1_000;

export default async function telemetryBench() {
  const engine = await initSqlJs();
  const make = (onEvent) => createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })], onEvent });
  const contenders = {
    nobody: make(undefined),
    events: make(() => undefined),
    channels: make(diagnostics(channels)),
    sdk: make(traced(true)),
    bare: make(traced(false)),
  };
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, db] of Object.entries(contenders)) times[name].push(await measure(db));
  const more = await perStatement(contenders.nobody, contenders.events);
  await Promise.all(Object.values(contenders).map((db) => db.dispose()));
  const micros = (name) => (times[name].sort((a, b) => a - b)[Math.floor(ROUNDS / 10)] / SESSIONS) * 1000;
  const [nobody, events] = [micros("nobody"), micros("events")];
  const row = (name, key, peer, target) => {
    const value = micros(key);
    const ratio = value / peer;
    return { name, value, unit: "µs", ratio, ...(target && { target: `at most ${target}x`, ok: ratio <= target }) };
  };
  return [
    { name: "a session of one statement, no listener", value: nobody, unit: "µs" },
    row("with a listener that does nothing: the events (to none)", "events", nobody),
    { name: "a statement: what that listener adds", value: more, unit: "µs", target: "under 0.4 µs", ok: more < 0.4 },
    row("with diagnostics(), nobody subscribes (to the events)", "channels", events, 1.1),
    row("with opentelemetry(), no SDK (to the events)", "bare", events, 2),
    row("with opentelemetry() and an SDK (to the events)", "sdk", events),
  ];
}

/** A tracer that was got before there was an SDK is the SDK's as soon as there is one: so that with an SDK is made first. */
function traced(hasSdk) {
  if (hasSdk) api.trace.setGlobalTracerProvider(new BasicTracerProvider());
  else api.trace.disable();
  const listener = opentelemetry(api);
  const span = api.trace.getTracer("isopool").startSpan("a span");
  if (span.isRecording() !== hasSdk)
    throw new Error(`A span is recorded: ${span.isRecording()}, with an SDK: ${hasSdk}`);
  span.end();
  return listener;
}

async function measure(db) {
  const startedAt = performance.now();
  for (let at = 0; at < SESSIONS; at++) await db.session((session) => session.query("select 1"));
  return performance.now() - startedAt;
}

/** What a listener adds to a statement, in microseconds of processor time: the median of rounds in turns. */
async function perStatement(nobody, events) {
  const sessions = [nobody, events].map((db) => db.open({ transaction: true }));
  const added = [];
  for (let round = 0; round < ROUNDS / 5; round++) {
    const times = [];
    for (const session of sessions) {
      const startedAt = process.cpuUsage();
      for (let at = 0; at < STATEMENTS; at++) await session.query("select 1 as one");
      const { user, system } = process.cpuUsage(startedAt);
      times.push((user + system) / STATEMENTS);
    }
    added.push(times[1] - times[0]);
  }
  for (const session of sessions) await session.close("rollback");
  return added.sort((one, other) => one - other)[Math.floor(added.length / 2)];
}
