/** The header in which each request to the token endpoint names the worker that sent it. */
export const WORKER_HEADER = "x-soak-worker";
