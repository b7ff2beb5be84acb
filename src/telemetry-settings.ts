import { optional, setting } from './setting.ts';
import { matching, oneOf, onOrOff, wholeNumber } from './setting-values.ts';

/** The settings of what a process tells of itself: metrics and traces. */
export const telemetrySettings = {
  metrics: setting({
    flag: '--metrics',
    value: 'on|off',
    env: 'TASKWIRE_METRICS',
    help: 'tell metrics at /metrics to Prometheus; where clients sign in, to those with the scope metrics:read',
    on: { dev: 'on', server: 'on' },
    parse: onOrOff,
  }),
  metricsPort: setting({
    flag: '--metrics-port',
    value: 'number',
    env: 'TASKWIRE_METRICS_PORT',
    help: "port of the worker's /metrics, /health and /ready; 0 takes a free one",
    otherwise: 'none',
    on: { worker: optional },
    parse: (text) => wholeNumber(text, 0, 65_535),
  }),
  metricsHost: setting({
    flag: '--metrics-host',
    value: 'address',
    env: 'TASKWIRE_METRICS_HOST',
    help: 'address that these listen on; 0.0.0.0 for all. Nobody signs in to them',
    on: { worker: '127.0.0.1' },
    parse: (text) => matching(text, /^[A-Za-z0-9.:-]+$/, 'an IP address or a host name'),
  }),
  traces: setting({
    flag: '--traces',
    value: 'off|otlp',
    env: 'TASKWIRE_TRACES',
    help: 'send OpenTelemetry traces by OTLP over HTTP, to where OTEL_EXPORTER_OTLP_ENDPOINT says',
    on: { dev: 'off', server: 'off', worker: 'off' },
    parse: (text) => oneOf(text, ['off', 'otlp'] as const),
  }),
};
