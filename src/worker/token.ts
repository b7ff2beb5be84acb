import { randomFillSync } from 'node:crypto';

const bytesPerToken = 12;

/** Random bytes for many tokens: to ask for them costs as much however many they are. */
const pool = Buffer.alloc(bytesPerToken * 256);
let used = pool.length;

/** A fencing token: nobody else can guess it. */
export function newToken(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytesPerToken;
  return pool.toString('base64url', used - bytesPerToken, used);
}
