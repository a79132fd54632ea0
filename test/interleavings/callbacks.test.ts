import { describe } from "vitest";
import { CALLBACKS } from "./proofs.js";
import { prove } from "./prove.js";

describe("every order of the calls of two processes with the same callback", () => prove(CALLBACKS));
