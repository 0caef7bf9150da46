// What only a browser has: animation frames, idle time, tasks with a priority. In Chromium.

import { expect, test } from "vitest";
import { bundle, inChromium } from "../../scenarios/stages.ts";

const source = `
import { AsyncContext, unpatch } from "isopool/browser-context";

export async function play() {
  const natives = [requestAnimationFrame, requestIdleCallback, scheduler.postTask, navigator.locks.request, Promise.prototype.then];
  const variable = new AsyncContext.Variable();
  const button = document.body.appendChild(document.createElement("button"));
  const clicks = [];
  variable.run("registering", () => button.addEventListener("click", () => clicks.push(variable.get() ?? null)));
  const seen = await variable.run("A", async () => {
    button.click();
    return {
      frame: await new Promise((resolve) => requestAnimationFrame((time) => resolve([variable.get(), typeof time]))),
      idle: await new Promise((resolve) => requestIdleCallback((left) => resolve([variable.get(), typeof left.didTimeout]))),
      task: await scheduler.postTask(() => variable.get(), { priority: "background" }),
      lock: await navigator.locks.request("test", { mode: "shared" }, (lock) => [variable.get(), lock.mode]),
      here: variable.get(),
    };
  });
  button.click();
  const outside = await new Promise((resolve) => requestAnimationFrame(() => resolve(variable.get() ?? null)));
  unpatch();
  const restored = [requestAnimationFrame, requestIdleCallback, scheduler.postTask, navigator.locks.request, Promise.prototype.then];
  return { ...seen, clicks, outside, isRestored: restored.every((each, index) => each === natives[index]) };
}
`;

test("each calls back with who was current when it was asked; a listener, with who dispatched; and all can be undone", async () => {
  expect(await inChromium(await bundle(source, { isCarried: true }))).toEqual({
    frame: ["A", "number"],
    idle: ["A", "boolean"],
    task: "A",
    lock: ["A", "shared"],
    here: "A",
    clicks: ["A", null],
    outside: null,
    isRestored: true,
  });
});
