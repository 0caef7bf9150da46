import { Migrator } from "kysely";
import { tellStories } from "./stories.ts";

tellStories(Migrator);
