// PostgreSQL and its data end with the process that started them, however that ends.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Call } from "../child.ts";
import { PATIENCE } from "../patience.ts";
import type { Address, Name } from "./main.ts";
import { startProcess } from "./process.ts";

const ENDS: Readonly<Record<string, (child: ChildProcess) => unknown>> = {
  "its starter is gone": (child) => child.disconnect(),
  "it is killed": (child) => child.kill("SIGKILL"),
};

test.each(Object.entries(ENDS))(
  "no PostgreSQL and no data is left when %s",
  async (_, end) => {
    const folder = mkdtempSync(join(tmpdir(), "lifetime-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // As the folder for temporary files is: root's PostgreSQL is run by somebody else.
    chmodSync(folder, 0o1777);
    const child = await startProcess({ ...process.env, TMPDIR: folder });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.send({ id: 1, server: 1, name: "start", argument: {} } satisfies Call<Name>);
    const [{ value }] = (await once(child, "message")) as [{ value: Address }];
    const port = Number(new URL(value.database.directUrl).port);
    expect([await isOpen(port), readdirSync(folder).length]).toEqual([true, 1]);
    end(child);
    await once(child, "exit");
    await expect.poll(() => readdirSync(folder), PATIENCE).toEqual([]);
    expect(await isOpen(port)).toBe(false);
  },
  30_000,
);

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
