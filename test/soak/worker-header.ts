/** The header by which each request to the token endpoint says which worker sent it. */
export const WORKER_HEADER = "x-soak-worker";
