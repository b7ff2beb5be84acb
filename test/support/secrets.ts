import { Leaks } from './leaks.ts';

const key = Symbol.for('taskwire.test.leaks');
// Files of tests share a process, and may each have their own copy of this module.
const shared = globalThis as { [key]?: Leaks };

/** What looks for secrets in all that this process, and the programs that it starts, logs and answers. */
export const leaks: Leaks = (shared[key] ??= new Leaks());

/**
 * Says that something is a secret: from now on no log may hold it, and no answer but so many, such as the one that tells a
 * new token. Tokens that a client sends, and passwords of stores, are noticed by themselves.
 */
export function registerSecret(secret: string, about: { what?: string; answers?: number } = {}): string {
  leaks.register(secret, about);
  return secret;
}
