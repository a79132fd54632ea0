import { describe, expect, it } from "vitest";
import { GuildMember, User } from "../../../src/index.js";

const HASH = "a_0123456789abcdef0123456789abcdef";
const PICTURE = `https://cdn.discordapp.com/avatar-decoration-presets/${HASH}.png`;

const modelOf = {
  user: (fields: object) => User.from({ id: "80351110224678912", ...fields }),
  member: (fields: object) => GuildMember.from(fields, "197038439483310086"),
};

describe.each(Object.entries(modelOf))("a %s", (kind, make) => {
  it(`the decoration and nameplate of a ${kind} are read from the payload`, () => {
    const model = make({
      avatar_decoration_data: { asset: HASH, sku_id: "1144058844004233369" },
      collectibles: {
        nameplate: {
          sku_id: "2247558840304243",
          asset: "nameplates/nameplates/twilight/",
          label: "",
          palette: "cobalt",
        },
      },
    });

    expect(model.avatarDecoration).toEqual({ asset: HASH, skuId: "1144058844004233369" });
    expect(model.avatarDecorationUrl).toBe(PICTURE);
    expect(model.avatarDecorationUrlWith({ size: 64 })).toBe(`${PICTURE}?size=64`);
    expect(model.collectibles).toEqual({
      nameplate: {
        asset: "nameplates/nameplates/twilight/",
        skuId: "2247558840304243",
        label: "",
        palette: "cobalt",
      },
    });
  });

  it.each([
    [{}],
    [{ avatar_decoration_data: null, collectibles: null }],
    [{ avatar_decoration_data: "x", collectibles: [] }],
    [{ avatar_decoration_data: { asset: 5 }, collectibles: "x" }],
  ])(`a ${kind} has no decoration and no collectibles in %j`, (fields) => {
    const { avatarDecoration, avatarDecorationUrl, collectibles } = make(fields);

    expect([avatarDecoration, avatarDecorationUrl, collectibles]).toEqual([undefined, undefined, undefined]);
  });

  it.each([[{}], [{ nameplate: null }], [{ nameplate: { sku_id: "1" } }], [{ nameplate: 5 }]])(
    `a ${kind} has no nameplate in %j`,
    (collectibles) => {
      expect(make({ collectibles }).collectibles).toEqual({ nameplate: undefined });
    },
  );

  it(`the nameplate of a ${kind} may lack fields that Discord omits`, () => {
    expect(make({ collectibles: { nameplate: { asset: "a/" } } }).collectibles?.nameplate).toEqual({
      asset: "a/",
      skuId: undefined,
      label: undefined,
      palette: undefined,
    });
  });
});
