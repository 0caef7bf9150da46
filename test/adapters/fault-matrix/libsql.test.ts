import { libsql } from "../../../src/adapters/libsql/index.ts";
import { SERVERS } from "../libsql/shop.ts";
import { ACTIONS, REFUSED, startLibsqlStage } from "./libsql-stage.ts";
import { playMatrix } from "./matrix.ts";
import { openSubject } from "./subject.ts";

for (const { name, options } of SERVERS)
  playMatrix({
    name: `libSQL at ${name}`,
    actions: ACTIONS,
    endings: ["commit", "rollback", "refused"],
    all: [1, 2, 4],
    start:
      options &&
      (() =>
        startLibsqlStage(options, ({ url }, clock) => ({
          open: () => openSubject({ url, adapter: libsql(), clock, refused: REFUSED }),
        }))),
  });
