import { readFileSync, writeFileSync } from "node:fs";
import { LIBRARIES, type Library, type Story, type Verdict } from "./story.ts";

const PAGE = new URL("../../docs/comparison.md", import.meta.url);
const [START, END] = ["<!-- npm run compare writes from here -->", "<!-- to here -->"];
const PACKAGES = {
  isopool: "../../package.json",
  Drizzle: "drizzle-orm",
  Kysely: "kysely",
  "@libsql/client": "@libsql/client",
  "Neon driver": "@neondatabase/serverless",
  pg: "pg",
} as const satisfies Record<Library, string>;

interface Played {
  readonly story: string;
  readonly library: Library;
  readonly verdict: Verdict;
}

/** Writes what was seen into docs/comparison.md, between its two marks. */
export function writePage(stories: readonly Story[], played: readonly Played[]): void {
  const of = (story: Story, library: Library): Verdict | string | undefined => {
    const play = story.plays[library];
    if (typeof play === "string") return play;
    return played.find((each) => each.story === story.name && each.library === library)?.verdict;
  };
  const mark = (found: Verdict | string | undefined): string =>
    typeof found === "object" ? (found.isPassed ? "yes" : "**no**") : found === undefined ? "not played" : "–";
  const table = [
    `| story | ${LIBRARIES.join(" | ")} |`,
    `| --- |${" --- |".repeat(LIBRARIES.length)}`,
    ...stories.map(
      (story) => `| ${story.name} | ${LIBRARIES.map((library) => mark(of(story, library))).join(" | ")} |`,
    ),
  ];
  const evidence = stories.map((story) => {
    const lines = LIBRARIES.map((library) => {
      const found = of(story, library);
      if (typeof found !== "object") return `- ${library}: not applicable (${found ?? "not played"})`;
      return `- ${library}: ${mark(found)}, \`${found.seen.replaceAll("`", "'")}\``;
    });
    const note = story.note === undefined ? [] : ["", story.note];
    return [`### ${story.name}`, "", `On ${story.on}. Passes when ${story.passes}.`, "", ...lines, ...note, ""].join(
      "\n",
    );
  });
  const versions = LIBRARIES.map((library) => `${library} ${versionOf(PACKAGES[library])}`).join(", ");
  const day = new Date().toISOString().slice(0, 10);
  const written = [
    START,
    "",
    `Played on ${day}, Node ${process.version}, ${process.platform}: ${versions}.`,
    "",
    ...table,
    "",
    "## What was seen",
    "",
    ...evidence,
    END,
  ].join("\n");
  const before = readFileSync(PAGE, "utf8");
  // A function: the text may hold `$&`.
  writeFileSync(
    PAGE,
    before.replace(new RegExp(`${START}[^]*${END}`), () => written),
  );
}

function versionOf(name: string): string {
  const path = name.startsWith(".") ? name : `../../node_modules/${name}/package.json`;
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
}
