import { perform } from "./stage.ts";
import { work } from "./work.ts?carried";

void perform(work);
