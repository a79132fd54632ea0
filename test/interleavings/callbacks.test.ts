import { describe } from "vitest";
import { CALLBACKS, LARGE } from "./proofs.js";
import { prove } from "./prove.js";

const MOST_RUNS = 100;

describe("all orders of two equal callbacks", () => prove(CALLBACKS));

describe("many orders of two callbacks, or one and a sign-out", () => prove(LARGE, MOST_RUNS));
