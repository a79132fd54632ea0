import { describe } from "vitest";
import { REFRESHES } from "./proofs.js";
import { prove } from "./prove.js";

describe("all orders of two refreshes", () => prove(REFRESHES));
