import {
  type APIInteraction,
  type APIInteractionResponse,
  InteractionContextType,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
} from "discord-api-types/v10";
import { verifyKeyMiddleware } from "discord-interactions";
import { type Request, type Response, Router } from "express";
import type { DiscordOAuth2Session } from "express-discord";

/** Answers slash commands: mount it before express.json(), since it needs the bytes that were signed. */
export function interactions(publicKey: string, siteUrl: string): Router {
  const router = Router();
  router.post("/", verifyKeyMiddleware(publicKey), (req: Request, res: Response) => {
    res.json(answer(req.body, siteUrl));
  });
  return router;
}

function answer(interaction: APIInteraction, siteUrl: string): APIInteractionResponse {
  if (interaction.type !== InteractionType.ApplicationCommand || interaction.data.name !== "settings")
    return whisper("I do not know that command.");
  if (!interaction.guild_id) return whisper("Use this command in a server.");
  return whisper(`Settings of this server: ${siteUrl}/guilds/${interaction.guild_id}`);
}

/** A message that nobody else sees. */
function whisper(content: string): APIInteractionResponse {
  return {
    type: InteractionResponseType.ChannelMessageWithSource,
    data: { content, flags: MessageFlags.Ephemeral },
  };
}

/** Tells Discord about the command, or changes it: a command of the same name is replaced, others stay. */
export async function registerCommand(discord: DiscordOAuth2Session): Promise<void> {
  await discord.botRequest(`/applications/${discord.clientId}/commands`, {
    method: "POST",
    json: {
      name: "settings",
      description: "Where to change the settings of this server",
      contexts: [InteractionContextType.Guild], // not in direct messages
    },
  });
}
