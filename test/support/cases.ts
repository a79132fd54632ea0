/** How many random cases a property is tried with. CI asks for more: `CASES=10000 npx vitest run test/unit`. */
export const CASES = { numRuns: Number(process.env["CASES"] ?? 1000) };
