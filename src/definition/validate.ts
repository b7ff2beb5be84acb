import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Issue } from '../errors.ts';
import type { Callback } from './callback.ts';

/** Something a `validate` function finds wrong: a sentence, or a sentence with the place in the input. */
export type ValidationIssue =
  | string
  | { readonly message: string; readonly path?: readonly (string | number)[] };

/**
 * Finer rules than types can say: a function that returns issues or throws, or any Standard Schema (Zod,
 * Valibot, ArkType …). It only checks: `run` gets the input as its types made it, whatever a schema returns.
 */
export type Validate<Input> =
  | StandardSchemaV1
  | Callback<Input, ValidationResult | Promise<ValidationResult>>;

// A function that only throws returns nothing.
// oxlint-disable-next-line typescript/no-invalid-void-type
type ValidationResult = void | undefined | ValidationIssue | readonly ValidationIssue[];

/** Runs a definition's `validate`; what it throws is one issue of the whole input. */
export async function findIssues(validate: Validate<unknown>, input: unknown): Promise<readonly Issue[]> {
  try {
    if (isStandardSchema(validate)) {
      const { issues = [] } = await validate['~standard'].validate(input);
      return issues.map(({ message, path = [] }) => ({ message, path: path.map(segmentOf) }));
    }
    const result = await validate(input);
    if (result === undefined) return [];
    return (isList(result) ? result : [result]).map((issue) =>
      typeof issue === 'string'
        ? { message: issue, path: [] }
        : { message: issue.message, path: issue.path ?? [] },
    );
  } catch (error) {
    return [{ message: error instanceof Error ? error.message : String(error), path: [] }];
  }
}

/** Standard Schemas may be functions, too (ArkType's are), so it is the marker that counts. */
export function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
}

function isList(result: ValidationIssue | readonly ValidationIssue[]): result is readonly ValidationIssue[] {
  return Array.isArray(result);
}

function segmentOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'symbol' ? String(key) : key;
}
