/**
 * What a field costs, in its `extensions`. Without a word of its own a field costs 1 point for each object that has an id
 * of its own (a `Node`), a fifth for each that comes with another one, and nothing where it has no fields.
 */
export interface Cost {
  /** Points of each object, or value, that it gives. */
  readonly points?: number;
  /** Points of each item that its arguments ask for, whatever is selected of it. @default 0 */
  readonly each?: number;
  /** Arguments that say how many there are: a number, or a list as long. @default first and last */
  readonly sizedBy?: readonly string[];
  /** How many there are where no argument says so. @default 20 */
  readonly size?: number;
  /** True where all that is selected in it is paid with it, as it is bounded otherwise. @default false */
  readonly coversAll?: boolean;
}

/** The `extensions` of such a field. */
export function costs(cost: Cost) {
  return { cost };
}

/** Points of an object that comes with another one. */
export const companionPoints = 0.2;
