import { describe } from "vitest";
import { THREE_PROCESSES } from "./proofs.js";
import { prove } from "./prove.js";

const MOST_RUNS = 100;

describe("many orders of three processes", () => prove(THREE_PROCESSES, MOST_RUNS));
