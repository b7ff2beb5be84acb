/** Who did something to a queue or definition, when and why. */
export interface QueueAct {
  /** ms since 1970, by the store's clock. */
  readonly at: number;
  readonly reason?: string;
  readonly actor?: string;
}

/** How much may run, and what happens to what is too much. */
export interface LimitRule {
  readonly concurrency: number | undefined;
  readonly rate: { readonly count: number; readonly perMs: number; readonly burst: number } | undefined;
  /** Of a definition's own limit. */
  readonly whenFull: 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
}

/** The rules of the queue itself, or of one definition. */
export interface RuleSet {
  readonly pause: QueueAct | undefined;
  /** For all of it. */
  readonly all: LimitRule | undefined;
  /** For each key by itself. */
  readonly key: LimitRule | undefined;
}

/** All rules of a queue. */
export interface Rules extends RuleSet {
  readonly drain: QueueAct | undefined;
  readonly maxWaiting: number | undefined;
  /** By name, those that have any, in the order of their names. */
  readonly definitions: ReadonlyMap<string, RuleSet>;
}

/** Parses the hash of a queue's rules: fields and values in turn. */
export function parseRules(values: readonly string[]): Rules {
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < values.length; index += 2) {
    fields.set(values[index] ?? '', values[index + 1] ?? '');
  }
  const names = new Set([...fields.keys()].flatMap((field) => /^[^:]*:(.*)$/.exec(field)?.[1] ?? []));
  const bound = fields.get('maxWaiting');
  return {
    ...ruleSet(fields, ''),
    drain: parseAct(fields.get('draining')),
    maxWaiting: bound === undefined ? undefined : Number(bound),
    definitions: new Map([...names].toSorted().map((name) => [name, ruleSet(fields, `:${name}`)])),
  };
}

/** Rules where there are none. */
export const noRules: RuleSet = { pause: undefined, all: undefined, key: undefined };

/** Parses a definition's limits, or those of the queue. */
export function parseLimits(text: string | undefined): Pick<RuleSet, 'all' | 'key'> {
  // Written by `queue-rules.ts` in this shape.
  const { all, key } = JSON.parse(text ?? '{}') as { all?: RuleText; key?: RuleText };
  return { all: all && parseLimit(all), key: key && parseLimit(key) };
}

interface RuleText {
  readonly c?: number;
  readonly n?: number;
  readonly perMs?: number;
  readonly burst?: number;
  readonly whenFull?: LimitRule['whenFull'];
}

function ruleSet(fields: ReadonlyMap<string, string>, suffix: string): RuleSet {
  return { pause: parseAct(fields.get(`paused${suffix}`)), ...parseLimits(fields.get(`limit${suffix}`)) };
}

function parseLimit({ c, n, perMs, burst, whenFull = 'WAIT' }: RuleText): LimitRule {
  const rate = n === undefined || perMs === undefined ? undefined : { count: n, perMs, burst: burst ?? n };
  return { concurrency: c, rate, whenFull };
}

/** Parses who did something; undefined where nobody did. */
export function parseAct(text: string | undefined): QueueAct | undefined {
  // Written by `queue-rules.ts` in this shape.
  return text === undefined ? undefined : (JSON.parse(text) as QueueAct);
}
