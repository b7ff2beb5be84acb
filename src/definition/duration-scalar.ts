import { GraphQLError, GraphQLScalarType } from 'graphql';
import { GraphQLDuration } from 'graphql-scalars';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';

/**
 * Lengths of time in requests and inputs: written as in definitions (`30s`) or by ISO 8601 (`PT30S`). What a
 * `run` or a resolver gets is ISO 8601 either way.
 */
export const GraphQLDurationText = new GraphQLScalarType({
  name: 'Duration',
  serialize: toIso,
  parseValue: toIso,
  extensions: { codegenScalarType: 'string' },
});

/** Gives an ISO 8601 duration in ms; undefined where it is negative, or has years or months, which have no one length. */
export function isoMs(text: string): number | undefined {
  const match = isoPattern.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map((part) => Number(part?.replace(',', '.') ?? 0));
  return Math.round(parts.reduce((sum, part, index) => sum + part * (partsMs[index] ?? 0), 0));
}

const number = String.raw`(\d+(?:[.,]\d+)?)`;
const isoPattern = new RegExp(
  `^P(?:${number}W)?(?:${number}D)?(?:T(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
);
const partsMs = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000];

function toIso(value: unknown): string {
  if (typeof value === 'string') {
    if (parseDuration(value) !== undefined) return shortToIso(value);
    // Any year, month and sign, as `run` may know what to do with them.
    if (isIso(value)) return value;
  }
  throw new GraphQLError(`Expected ${hint}, not ${show(value)}.`);
}

const hint = "a duration such as '30s', '5m', '7d', or ISO 8601 such as 'PT30S'";

function isIso(text: string): boolean {
  try {
    return GraphQLDuration.parseValue(text) === text;
  } catch {
    return false;
  }
}

function shortToIso(text: string): string {
  const ms = parseDuration(text) ?? 0;
  if (text.endsWith('ms')) return `PT${ms / 1_000}S`;
  const unit = text.slice(-1).toUpperCase();
  return unit === 'D' ? `P${text.slice(0, -1)}D` : `PT${text.slice(0, -1)}${unit}`;
}
