import { describe } from "vitest";
import { POSTED_CODES } from "./proofs.js";
import { prove } from "./prove.js";

const MOST_RUNS = 15;

describe("many orders of the calls of two processes with a posted code", () =>
  prove(POSTED_CODES, MOST_RUNS));
