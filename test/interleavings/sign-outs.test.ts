import { describe } from "vitest";
import { SIGN_OUTS } from "./proofs.js";
import { prove } from "./prove.js";

describe("every order of the calls of two processes, one of which signs out", () => prove(SIGN_OUTS));
