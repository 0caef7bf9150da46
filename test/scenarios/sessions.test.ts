import { expect, test } from "vitest";
import { bundle, inChromium, inWebWorker } from "./stages.ts";

const source = (options: string): string => `
import { browserContext } from "isopool/browser-context";
import { playSessions } from "scenarios/sessions.ts";
export const play = () => playSessions(browserContext(${options}), "/sql-wasm-browser.wasm");
`;

test.each([
  ["a page", inChromium],
  ["a web worker", inWebWorker],
])(
  "in %s, a hundred interleaved sessions each see their own, and nobody sees them",
  async (_name, stage) => {
    const report = await stage(await bundle(source(""), { isCarried: true }));
    expect(report).toEqual({
      own: 100,
      leaks: 0,
      rows: 180,
      late: ["SESSION_CLOSED"],
      outside: "SESSION_REQUIRED",
      busy: 0,
    });
  },
  120_000,
);

test("without the plugin they fail closed: nothing is written, and nothing leaks", async () => {
  const report = await inChromium(await bundle(source("{ warn: false }"), {}));
  expect(report).toEqual({ own: 0, leaks: 0, rows: 0, late: [], outside: "SESSION_REQUIRED", busy: 0 });
});
