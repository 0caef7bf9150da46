import { EventEmitter } from "node:events";
import { join } from "node:path";
import * as api from "@opentelemetry/api";
import { expect, test } from "vitest";
import { AsyncContext } from "../../../src/carrier/runtime/index.ts";
import { contextManager } from "../../../src/integrations/opentelemetry/index.ts";
import { bundle, inChromium, inNode, inWebWorker } from "../../scenarios/stages.ts";

const cases = join(import.meta.dirname, "context-cases.ts").replaceAll("\\", "/");

test.each([
  ["a page of Chromium", inChromium],
  ["a web worker of Chromium", inWebWorker],
  ["Node", inNode],
])(
  "in %s, it does all that OpenTelemetry asks of a context manager, at native targets",
  async (_name, stage) => {
    const code = await bundle(`export { play } from ${JSON.stringify(cases)};`, { isCarried: true });
    expect(await stage(code)).toEqual({ played: 18, failed: {} });
  },
  60_000,
);

test("the listeners of an EventEmitter run in its context, and can be removed", () => {
  const manager = contextManager(api, AsyncContext).enable();
  const one = api.ROOT_CONTEXT.setValue(api.createContextKey("a key"), 1);
  const emitter = manager.bind(one, new EventEmitter());
  let calls = 0;
  const listener = (): void => {
    expect(manager.active()).toBe(one);
    calls++;
  };
  for (const add of ["on", "once", "addListener", "prependListener", "prependOnceListener"] as const) {
    emitter[add]("event", listener);
    emitter.emit("event");
    emitter.off("event", listener);
    expect(emitter.listenerCount("event"), add).toBe(0);
  }
  emitter.once("event", listener);
  emitter.removeListener("event", listener);
  emitter.emit("event");
  expect(calls).toBe(5);
});

test("an EventEmitter that two managers have bound has the context of each", () => {
  const [manager, other] = [contextManager(api, AsyncContext).enable(), contextManager(api, AsyncContext).enable()];
  const key = api.createContextKey("a key");
  const [one, two] = [api.ROOT_CONTEXT.setValue(key, 1), api.ROOT_CONTEXT.setValue(key, 2)];
  const emitter = other.bind(two, manager.bind(one, new EventEmitter()));
  let calls = 0;
  const listener = (): void => {
    expect([manager.active(), other.active()]).toEqual([one, two]);
    calls++;
  };
  for (const add of ["on", "once", "prependOnceListener"] as const) {
    emitter[add]("event", listener);
    emitter.emit("event");
    emitter.removeListener("event", listener);
    expect(emitter.listenerCount("event"), add).toBe(0);
  }
  expect(calls).toBe(3);
});

test("what is missing is named", () => {
  expect(() => contextManager({} as never, AsyncContext)).toThrow("@opentelemetry/api");
  expect(() => contextManager(api, undefined as never)).toThrow("isopool/browser-context");
});
