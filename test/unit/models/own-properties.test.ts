import "reflect-metadata";
import { inspect } from "node:util";
import { Expose, plainToInstance } from "class-transformer";
import Handlebars from "handlebars";
import { Liquid } from "liquidjs";
import { describe, expect, it } from "vitest";
import { Bot, Guild, GuildMember, Integration, User, UserConnection } from "../../../src/index.js";

const USER = {
  id: "80351110224678912",
  username: "nelly",
  discriminator: "0",
  global_name: "Nelly <3",
  avatar: null,
  email: "nelly@example.com",
} as const;
const GUILD = {
  id: "197038439483310086",
  name: "Nelly's School of Cats",
  icon: null,
  owner: true,
  permissions: "8",
};

/** One model of each class, from a minimal payload. */
const MODELS = [
  User.from(USER),
  Bot.from({ ...USER, bot: true }),
  Guild.from(GUILD),
  GuildMember.from({ user: USER, nick: "Nell", roles: ["1"] }, GUILD.id),
  UserConnection.from({ id: "1", name: "nelly", type: "github" }),
  Integration.from({ id: "33590653072239123", name: "nelly", type: "twitch" }),
];

/** The names of a class's accessors, without those of its base class. */
function accessorNames(model: object): string[] {
  const names = new Set<string>();
  for (
    let part = Object.getPrototypeOf(model) as object;
    part !== Object.prototype;
    part = Object.getPrototypeOf(part) as object
  ) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(part)))
      if (get) names.add(name);
  }
  return [...names];
}

describe.each(MODELS.map((model) => [model.constructor.name, model] as const))("%s", (kind, model) => {
  const name = `${kind === "Integration" ? "an" : "a"} ${kind}`;
  const names = accessorNames(model);
  const values = Object.fromEntries(
    names.map((name) => [name, model[name as keyof typeof model] as unknown]),
  );

  it(`${name} has its accessors as own properties`, () => {
    expect(names.length).toBeGreaterThan(5);
    expect(Object.keys(model)).toEqual(expect.arrayContaining(names));
    expect({ ...model }).toMatchObject(values);
  });

  it(`toObject of ${name} returns the accessors as a plain object, without the payload`, () => {
    const plain = model.toObject();

    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    expect(plain).toMatchObject(values);
    expect(plain).not.toHaveProperty("payload");
    expect(Object.values(plain).filter((value) => typeof value === "function")).toEqual([]);
  });

  it(`${name} survives structuredClone with its accessors`, () => {
    const clone = structuredClone(model) as unknown as Record<string, unknown>;

    expect(clone["id"]).toBe(model.id);
    expect(Object.keys(clone)).toEqual(expect.arrayContaining(names));
  });

  it(`the JSON of ${name} is what Discord sent`, () => {
    expect(JSON.parse(JSON.stringify(model))).toEqual(model.payload);
  });

  it(`${name} on the console shows the values of its accessors`, () => {
    expect(inspect(model)).toMatch(new RegExp(`^${model.constructor.name} \\{[^]*id: '`));
    expect(inspect(model)).not.toContain("[Getter]");
  });
});

describe("accessors", () => {
  it("a subclass of a model can override accessors", () => {
    class Member extends User {
      override get displayName(): string {
        return `Member ${super.displayName}`;
      }
    }

    const member = Member.from<typeof USER, [], Member>(USER);

    expect([
      member.displayName,
      Object.entries(member).find(([name]) => name === "displayName")?.[1],
      member.toObject().displayName,
    ]).toEqual(Array.from({ length: 3 }, () => "Member Nelly <3"));
  });

  it("the models of a class share their accessors, which take no memory in each", () => {
    const own = Object.getOwnPropertyDescriptors(User.from(USER));
    const other = Object.getOwnPropertyDescriptors(User.from({ ...USER, id: "1" }));

    expect(own["displayName" as keyof typeof own]?.get).toBeTypeOf("function");
    for (const [name, { get }] of Object.entries(own))
      expect(Object.entries(other).find(([one]) => one === name)?.[1].get).toBe(get);
  });
});

describe("consumers of own properties", () => {
  const user = User.from(USER);
  const text = "{{ user.displayName }} {{ user.displayAvatarUrl }}";
  const rendered = `Nelly &lt;3 ${user.defaultAvatarUrl}`;

  it("Handlebars renders a user", () => {
    const template = Handlebars.compile(text);
    const unescaped = (html: string) => html.replaceAll("&#x3D;", "=");

    expect(unescaped(template({ user }))).toBe(rendered);
    expect(unescaped(template({ user: user.toObject() }))).toBe(rendered);
  });

  it("Liquid renders a user", async () => {
    const engine = new Liquid({ ownPropertyOnly: true, outputEscape: "escape" });

    expect(await engine.parseAndRender(text, { user })).toBe(rendered);
  });

  it("class-transformer turns a user into what the app sends", () => {
    class UserDto {
      id = "";
      displayName = "";
    }
    Expose()(UserDto.prototype, "id");
    Expose()(UserDto.prototype, "displayName");

    const dto = plainToInstance(UserDto, user.toObject(), { excludeExtraneousValues: true });

    expect(dto).toBeInstanceOf(UserDto);
    expect({ ...dto }).toEqual({ id: USER.id, displayName: "Nelly <3" });
  });
});

describe("placeholders", () => {
  it("the default avatar is shown for a user without one", () => {
    expect(user({ avatar: null }).displayAvatarUrl).toMatch(/embed\/avatars\/\d\.png$/);
    expect(user({ avatar: "0123456789abcdef0123456789abcdef" }).displayAvatarUrl).toMatch(/\/avatars\/80351/);

    function user(fields: { avatar: string | null }) {
      return User.from({ ...USER, ...fields });
    }
  });

  it.each([
    ["School of Cats", "SoC"],
    ["Nelly's School of Cats", "NSoC"],
    ["one", "o"],
    ["R&D - 2nd team!", "R&D-2t!"],
    ["Кот дом", "Котдом"],
    ["  spaces  ", "s"],
    ["", ""],
  ])("the acronym of the guild %j is %j", (name, acronym) => {
    expect(Guild.from({ ...GUILD, name }).acronym).toBe(acronym);
  });
});
