import { createHash } from "node:crypto";
import type { DiscordSimulator } from "express-discord/testing";
import type { SimulatedUser } from "./visitor.js";

/** Accounts that look as real ones do, made when they are needed for the first time. */
export function accounts(simulator: DiscordSimulator): (count: number) => readonly SimulatedUser[] {
  const known: SimulatedUser[] = [];
  return (count) => {
    while (known.length < count) known.push(simulator.addUser(person(known.length)));
    return known.slice(0, count);
  };
}

function person(index: number) {
  const username = `visitor.${index}`;
  return {
    username,
    global_name: `Visitor ${index}`,
    avatar: createHash("md5").update(username).digest("hex"),
    accent_color: 0x5865f2,
    banner_color: "#5865f2",
    clan: null,
  };
}
