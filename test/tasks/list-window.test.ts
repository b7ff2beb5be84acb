import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ListModel } from '../support/list-model.ts';

type Step = (model: ListModel) => void;

const [any, few, some] = [fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.boolean()];
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const step = fc.oneof(
  weighted(
    4,
    some.map((matches) => (model) => model.create(matches)),
  ),
  weighted(
    4,
    fc.tuple(any, some).map(
      ([at, matches]) =>
        (model) =>
          model.change(at, matches),
    ),
  ),
  weighted(
    2,
    any.map((at) => (model) => model.remove(at)),
  ),
  weighted(
    4,
    few.map((count) => (model) => model.hear(count)),
  ),
  weighted(
    1,
    fc.tuple(any, some).map(
      ([at, matches]) =>
        (model) =>
          model.makeAgain(at, matches),
    ),
  ),
  weighted(
    1,
    any.map((at) => (model) => model.vanish(at)),
  ),
  weighted(
    2,
    fc.tuple(some, few).map(
      ([anew, reach]) =>
        (model) =>
          model.ask(anew, reach),
    ),
  ),
  weighted(
    2,
    fc.constant<Step>((model) => model.answer()),
  ),
  weighted(
    1,
    fc.constant<Step>((model) => model.settle()),
  ),
);

test.each(['ASC', 'DESC'] as const)(
  'a window is the beginning of its list, or of what follows a place in it, whatever news and reads overtake each other, %s',
  { timeout: 60_000 },
  (direction) => {
    const size = fc.integer({ min: 1, max: 6 });
    const steps = fc.array(step, { maxLength: 120, size: 'max' });
    const story = fc.property(
      size,
      fc.integer({ min: 1, max: 3 }),
      fc.option(fc.tuple(fc.nat(30), any), { nil: undefined }),
      any,
      steps,
      (size, margin, start, count, steps) => {
        const after = start && { createdUs: start[0], id: `t${start[1]}` };
        const model = new ListModel(size, direction, margin, after);
        for (let made = 0; made < count; made += 1) model.create(true);
        for (const step of steps) step(model);
        model.settle();

        expect(model.views).toEqual(model.beginnings);
      },
    );
    fc.assert(story, { numRuns: 6_000 });
  },
);

test('a window holds no more than twice what it shows and 20 tasks', () => {
  const model = new ListModel(3, 'DESC');
  model.settle();
  for (let made = 0; made < 1_000; made += 1) model.create(true);
  model.settle();

  expect(model.views).toEqual(model.beginnings);
  expect(model.window.held).toBeLessThanOrEqual(26);
});
