import { Cluster } from "./cluster.ts";
import { explore, replay } from "./explorer.ts";
import * as s1 from "./stories.ts";import * as s2 from "./callback-stories.ts"; const stories={...s1,...s2};

const name = process.argv[2] ?? "refreshAndRefresh";
const story = { ...(stories as any)[name], ...JSON.parse(process.argv[3] ?? "{}") };
const cluster = await Cluster.start(story);
const t = performance.now(),
  c = process.cpuUsage();
const report = await explore(cluster, story, Number(process.argv[4] ?? Infinity));
const u = process.cpuUsage(c);
console.log(
  story.name,
  process.argv[3] ?? "",
  "orders",
  report.orders,
  "merged",
  report.merged,
  "states",
  report.states,
  report.isComplete,
  Math.round(performance.now() - t),
  "ms",
  Math.round((u.user + u.system) / 1000),
  "cpu ms",
);
if (report.counterexample)
  console.log(
    report.counterexample.what,
    report.counterexample.choices.join(" "),
    "\n" + report.counterexample.steps.join("\n"),
  );
await cluster.close();
process.exit(0);
