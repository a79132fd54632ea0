import { forBot } from "../access.js";
import { activityInstancePayload } from "../activity-instances.js";
import { json, refuse } from "../answer.js";
import { NOT_FOUND, UNKNOWN_APPLICATION } from "../api-errors.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** Routes for the participants of a running Activity. */
export function activityInstanceRoutes(discord: Discord): Routes {
  const { activityInstances, application } = discord;
  return {
    "GET /applications/:id/activity-instances/:instance": forBot(
      discord,
      (_call, applicationId: string, instanceId: string) => {
        if (applicationId !== application.id) refuse(UNKNOWN_APPLICATION);
        const instance = activityInstances.get(instanceId) ?? refuse(NOT_FOUND);
        return json(200, activityInstancePayload(instance, application.id));
      },
    ),
  };
}
