import type { OutputFieldMap, OutputShape } from './output.ts';

/**
 * `Returned` where a `run` that returns it fits the declared output, else what would fit: the text of a type
 * error then shows the two beside each other.
 */
export type CheckedOutput<Returned, Outputs extends OutputFieldMap, Declared extends boolean> =
  Returned extends NoInfer<Allowed<Returned, Outputs, Declared>>
    ? Returned
    : NoInfer<Allowed<Returned, Outputs, Declared>>;

// While TypeScript is still inferring, the outputs are any fields at all: then everything is allowed.
type Allowed<Returned, Outputs extends OutputFieldMap, Declared extends boolean> = Declared extends true
  ? string extends keyof Outputs
    ? Returned
    : Exact<Returned, OutputShape<Outputs>>
  : // A `run` without output returns nothing.
    // oxlint-disable-next-line typescript/no-invalid-void-type
    void | undefined;

// TypeScript only sees extra properties in object literals; this sees them at any depth.
type Exact<Returned, Shape> = unknown extends Shape
  ? Shape
  : Returned extends Leaf
    ? Shape
    : Returned extends readonly unknown[]
      ? NonNullable<Shape> extends readonly (infer Item)[]
        ? { readonly [Key in keyof Returned]: Exact<Returned[Key], Item> }
        : Shape
      : Returned extends object
        ? NonNullable<Shape> extends infer Fields extends object
          ? Fields & {
              readonly [Key in keyof Returned]: Key extends keyof Fields
                ? Exact<Returned[Key], Fields[Key]>
                : 'The output has no field of this name';
            }
          : Shape
        : Shape;

type Leaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | URL
  | ((...args: never[]) => unknown);
