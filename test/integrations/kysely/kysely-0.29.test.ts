import type { Migrator as Older } from "kysely";
import { Migrator } from "kysely-0.29/migration";
import { vi } from "vitest";
import { tellStories } from "./stories.ts";

vi.mock("kysely", async () => import("kysely-0.29"));

tellStories(Migrator as unknown as typeof Older);
