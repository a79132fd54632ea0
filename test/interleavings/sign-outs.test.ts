import { describe } from "vitest";
import { SIGN_OUTS } from "./proofs.js";
import { prove } from "./prove.js";

describe("all orders of two requests, one of them a sign-out", () => prove(SIGN_OUTS));
