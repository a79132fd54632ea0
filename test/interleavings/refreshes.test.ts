import { describe } from "vitest";
import { REFRESHES } from "./proofs.js";
import { prove } from "./prove.js";

describe("every order of the calls of two processes that refresh", () => prove(REFRESHES));
