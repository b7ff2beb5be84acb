/** How many run side by side: of `narrow` and of `shared` in all, of `shared` of each tenant. */
export const limits = { narrow: 3, shared: 6, tenant: 1 } as const;

/** How many of `paced` begin: so many in so long, so many of them at once. */
export const pace = { count: 10, perMs: 1_000, burst: 3 } as const;

/** How often `hourly` enqueues itself: a chaotic hour is short. */
export const slotMs = 1_000;
