import { describe } from "vitest";
import { CALLBACKS, LARGE } from "./proofs.js";
import { prove } from "./prove.js";

const MOST_RUNS = 200;

describe("every order of the calls of two processes with the same callback", () => prove(CALLBACKS));

describe("many orders of the calls of two processes with the same callback", () => prove(LARGE, MOST_RUNS));
