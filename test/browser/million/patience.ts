import { UnavailableError } from '../../../src/index.ts';

/** Asks again where the store was too slow to answer in time, as it is now and then on a machine that has other work. */
export async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}
