import {
  GraphQLCountryCode,
  GraphQLCurrency,
  GraphQLDateTimeISO,
  GraphQLEmailAddress,
  GraphQLHexColorCode,
  GraphQLIP,
  GraphQLJSON,
  GraphQLJSONObject,
  GraphQLLatitude,
  GraphQLLocalDate,
  GraphQLLocale,
  GraphQLLocalTime,
  GraphQLLongitude,
  GraphQLNonEmptyString,
  GraphQLNonNegativeFloat,
  GraphQLNonNegativeInt,
  GraphQLPhoneNumber,
  GraphQLPositiveFloat,
  GraphQLPositiveInt,
  GraphQLSafeInt,
  GraphQLTimeZone,
  GraphQLURL,
  GraphQLUUID,
} from 'graphql-scalars';
import type { GraphQLScalarType } from 'graphql';
import { GraphQLDurationText } from './duration-scalar.ts';

/** A scalar that every schema has, how it is explained, and where its format is written down. */
export interface BuiltInScalar {
  readonly type: GraphQLScalarType;
  readonly description: string;
  readonly specifiedBy: string;
}

/** The scalars of `Scalars` that come with Taskwire, by name. */
export const builtInScalars: ReadonlyMap<string, BuiltInScalar> = new Map(
  [
    scalar(
      GraphQLDateTimeISO,
      'A point in time such as `2026-03-01T09:30:00Z`, answered in UTC.',
      'https://www.rfc-editor.org/rfc/rfc3339',
    ),
    scalar(GraphQLLocalDate, 'A day without time zone, such as `2026-03-01`.'),
    scalar(GraphQLLocalTime, 'A time of day without time zone, such as `09:30:00`.'),
    scalar(
      GraphQLDurationText,
      'A length of time such as `250ms`, `30s`, `10m`, `1.5h` or `7d`, or by ISO 8601, such as `PT30S` or `P1DT12H`.',
      'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
    ),
    scalar(
      GraphQLTimeZone,
      'A time zone by its IANA name, such as `Europe/Berlin`.',
      'https://www.iana.org/time-zones',
    ),
    scalar(
      GraphQLURL,
      'An absolute URL such as `https://example.com/a?b=1`.',
      'https://url.spec.whatwg.org/',
    ),
    scalar(
      GraphQLEmailAddress,
      'An email address such as `ada@example.com`, without a display name.',
      'https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address',
    ),
    scalar(
      GraphQLPhoneNumber,
      'A phone number such as `+17895551234`.',
      'https://www.itu.int/rec/T-REC-E.164',
    ),
    scalar(
      GraphQLUUID,
      'A UUID such as `0195532f-7a3e-7cc3-98c4-dc0c0c07398f`.',
      'https://www.rfc-editor.org/rfc/rfc9562',
    ),
    scalar(GraphQLIP, 'An IPv4 or IPv6 address.'),
    scalar(GraphQLNonEmptyString, 'A text with something besides spaces in it.'),
    scalar(
      GraphQLHexColorCode,
      'A colour such as `#1e90ff`.',
      'https://www.w3.org/TR/css-color-4/#hex-notation',
    ),
    scalar(
      GraphQLCountryCode,
      'A country by its two letters, such as `DE`.',
      'https://www.iso.org/iso-3166-country-codes.html',
    ),
    scalar(
      GraphQLCurrency,
      'A currency by its three letters, such as `EUR`.',
      'https://www.iso.org/iso-4217-currency-codes.html',
    ),
    scalar(GraphQLLocale, 'A language tag such as `pt-BR`.', 'https://www.rfc-editor.org/rfc/rfc5646'),
    scalar(GraphQLLatitude, 'Degrees north, from -90 to 90.'),
    scalar(GraphQLLongitude, 'Degrees east, from -180 to 180.'),
    scalar(
      GraphQLSafeInt,
      'A whole number that JavaScript holds exactly: from -(2^53 - 1) to 2^53 - 1.',
      'https://tc39.es/ecma262/#sec-number.issafeinteger',
    ),
    scalar(GraphQLNonNegativeInt, 'A whole number of 0 or more.'),
    scalar(GraphQLPositiveInt, 'A whole number of 1 or more.'),
    scalar(GraphQLNonNegativeFloat, 'A number of 0 or more.'),
    scalar(GraphQLPositiveFloat, 'A number greater than 0.'),
    scalar(GraphQLJSON, 'Any JSON value.', 'https://www.rfc-editor.org/rfc/rfc8259'),
    scalar(GraphQLJSONObject, 'Any JSON object.', 'https://www.rfc-editor.org/rfc/rfc8259'),
  ].map((scalar) => [scalar.type.name, scalar]),
);

// Those of graphql-scalars itself are written down in its documentation: `NonEmptyString` as `non-empty-string`.
function scalar(type: GraphQLScalarType, description: string, specifiedBy?: string): BuiltInScalar {
  const page = type.name.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase();
  return {
    type,
    description,
    specifiedBy: specifiedBy ?? `https://the-guild.dev/graphql/scalars/docs/scalars/${page}`,
  };
}
