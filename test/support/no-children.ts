import { childFunctions, type ChildLine } from '../../src/worker/child-functions.ts';

/** For attempts without a store, which can't have children. */
export const noChildLine: ChildLine = {
  enqueue: () => Promise.reject(new Error('no store')),
  outputs: () => Promise.reject(new Error('no store')),
};

/** What such an attempt's context has. */
export const noChildren = childFunctions(noChildLine, () => (wire) => wire);
