/**
 * The scalars that `t.field({ type })` knows besides Int, Float, String, Boolean and ID. `Input` is what `run`
 * gets, `Output` what it may return.
 *
 * Add your own in two steps: its TypeScript types by declaration merging, its `GraphQLScalarType` in the
 * `scalars` of each definition that uses it.
 *
 * @example
 * declare module 'taskwire' {
 *   interface Scalars {
 *     Color: { Input: Color; Output: Color };
 *   }
 * }
 * defineTask({
 *   name: 'paintWall',
 *   scalars: { Color: GraphQLColor },
 *   input: (t) => ({ color: t.field({ type: 'Color', required: true }) }),
 *   async run({ color }) {},
 * });
 */
export interface Scalars {
  DateTimeISO: { Input: Date; Output: Date | string };
  LocalDate: { Input: string; Output: string };
  LocalTime: { Input: string; Output: string };
  Duration: { Input: string; Output: string };
  TimeZone: { Input: string; Output: string };
  URL: { Input: URL; Output: URL | string };
  EmailAddress: { Input: string; Output: string };
  PhoneNumber: { Input: string; Output: string };
  UUID: { Input: string; Output: string };
  IP: { Input: string; Output: string };
  NonEmptyString: { Input: string; Output: string };
  HexColorCode: { Input: string; Output: string };
  CountryCode: { Input: string; Output: string };
  Currency: { Input: string; Output: string };
  Locale: { Input: string; Output: string };
  Latitude: { Input: number; Output: number };
  Longitude: { Input: number; Output: number };
  SafeInt: { Input: number; Output: number };
  NonNegativeInt: { Input: number; Output: number };
  PositiveInt: { Input: number; Output: number };
  NonNegativeFloat: { Input: number; Output: number };
  PositiveFloat: { Input: number; Output: number };
  JSON: { Input: unknown; Output: unknown };
  JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> };
}
