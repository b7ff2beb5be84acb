import type { Issue } from './issue.ts';
import type { Schema, Shape } from './shape.ts';

/** What each control of a form is given. */
export interface ControlProps<Kind extends Shape['kind'] = Shape['kind']> {
  readonly name: string;
  readonly shape: Extract<Shape, { readonly kind: Kind }>;
  /** The whole schema, in which references are looked up. */
  readonly root: Schema;
  /** What is set; undefined where nothing is. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly isRequired: boolean;
  /** What is wrong here and below, with paths that begin here. */
  readonly issues: readonly Issue[];
  /** The value that it has in the original, secrets covered; undefined where there is none. */
  readonly original?: unknown;
}

/** The value that is in effect: what is set, or else what the API takes then. */
export function effective({ value, shape }: Pick<ControlProps, 'value' | 'shape'>): unknown {
  return value === undefined ? shape.default : value;
}

/** What is wrong, in one text. */
export function messageOf(issues: readonly Issue[]): string | undefined {
  if (issues.length === 0) return undefined;
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join(' ');
}
