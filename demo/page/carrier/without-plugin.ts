import { perform } from "./stage.ts";
import { work } from "./work.ts";

void perform(work);
