require("express-discord");

const packages = Object.keys(require.cache)
  .map((path) => /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path)?.[1])
  .filter((name) => name !== undefined);
console.log(JSON.stringify([...new Set(packages)].sort()));
