/**
 * A function of an input that is written down as a method, so that TypeScript compares its argument both ways:
 * a definition of any input then fits where `TaskDefinition` stands for all of them.
 */
export type Callback<Argument, Result> = { call(argument: Argument): Result }['call'];
