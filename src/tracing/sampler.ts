import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { ConfigurationError } from '../errors.ts';

const names = ['always_on', 'always_off', 'traceidratio'];
const allNames = [...names, ...names.map((name) => `parentbased_${name}`)];

/**
 * The sampler that OpenTelemetry's own variables `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for, which the SDK
 * leaves to its users.
 *
 * @default parentbased_always_on
 * @throws ConfigurationError where they say something else
 */
export function samplerOf(environment: NodeJS.ProcessEnv): Sampler {
  // As its specification has it: empty is unset, in whatever case.
  const given = environment['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const name = given.toLowerCase();
  if (!allNames.includes(name)) {
    const expected = `expected one of ${allNames.join(', ')}`;
    throw new ConfigurationError([`OTEL_TRACES_SAMPLER: ${expected}, got '${given}'.`]);
  }
  const sampler = rootSampler(name.replace('parentbased_', ''), environment['OTEL_TRACES_SAMPLER_ARG']);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root: sampler }) : sampler;
}

function rootSampler(name: string, argument = ''): Sampler {
  if (name === 'always_on') return new AlwaysOnSampler();
  if (name === 'always_off') return new AlwaysOffSampler();
  const ratio = argument === '' ? 1 : Number(argument);
  if (ratio >= 0 && ratio <= 1) return new TraceIdRatioBasedSampler(ratio);
  const expected = 'expected the share of traces to record, from 0 to 1, as 0.1';
  throw new ConfigurationError([`OTEL_TRACES_SAMPLER_ARG: ${expected}, got '${argument}'.`]);
}
