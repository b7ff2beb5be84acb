import { limitsOf } from './limits.ts';

/** What one operation may ask for and how long it may take, whichever transport brings it. */
export interface OperationLimits {
  /** Names, values and signs of a document; one with more isn't even parsed. @default 1000 */
  readonly tokens: number;
  /** Levels of fields, those of fragments included, as in all that follow. @default 10 */
  readonly depth: number;
  /** Levels of fields from `__schema` or `__type` on, which count for `depth` as one. @default 16 */
  readonly introspectionDepth: number;
  /** Fields with an alias. @default 30 */
  readonly aliases: number;
  /** Fields of the query or mutation itself. @default 20 */
  readonly rootFields: number;
  /** Fields in all. @default 500 */
  readonly fields: number;
  /** `@skip`, `@include` and their like. @default 50 */
  readonly directives: number;
  /** Variables that an operation declares. @default 50 */
  readonly variables: number;
  /** Points of what it makes the server do: docs/document-limits.md has the prices. @default 1000 */
  readonly cost: number;
  /** Errors that are told of an operation; the last one says how many were left out. @default 5 */
  readonly errors: number;
  /** How long it may take, in ms, beside what it waits for by `options.wait`. @default 10000 */
  readonly timeoutMs: number;
}

const defaults: OperationLimits = {
  tokens: 1000,
  depth: 10,
  introspectionDepth: 16,
  aliases: 30,
  rootFields: 20,
  fields: 500,
  directives: 50,
  variables: 50,
  cost: 1000,
  errors: 5,
  timeoutMs: 10_000,
};

/** The limits that hold: those that are given, the defaults for all others. @throws ConfigurationError */
export function operationLimits(given?: Partial<OperationLimits>): OperationLimits {
  return limitsOf('operations', defaults, given);
}
