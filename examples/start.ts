import { createApp } from "./basic.js";
import { run } from "./shared/run.js";

await run(createApp, "/callback");
