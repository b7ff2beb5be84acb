import { playAct } from './act.ts';
import { Apis } from './api.ts';
import { Load } from './load.ts';
import type { Act, ChaosOptions } from './options.ts';
import { type Plan, planAct } from './plan.ts';
import { openStage, type Stage } from './stage.ts';
import { type Figure, judgeAct } from './verdict.ts';
import { Watchers } from './watchers.ts';
import { Windows } from './windows.ts';

/** What a run found: for each act its figures, in the same order. */
export interface Report {
  readonly acts: readonly (readonly Figure[])[];
  readonly logged: Stage['logged'];
  readonly seconds: number;
}

/** Plays all acts on one stage; `tell` hears how it goes. */
export async function runChaos(
  redisServer: string,
  options: ChaosOptions,
  tell: (line: string) => void = () => undefined,
): Promise<Report> {
  const startedAt = performance.now();
  await using stage = await openStage(redisServer, options);
  const apis = new Apis(stage.apiUrls);
  const acts: (readonly Figure[])[] = [];
  for (const [index, act] of options.acts.entries()) {
    const plan = planAct(options, act, index);
    tell(announce(act, plan));
    stage.turnPage();
    await stage.redis.setFsync(act.fsync);
    await using watchers = new Watchers(apis, options.clients);
    await using windows = new Windows(apis);
    const load = await Load.create(apis, options.seed);
    const played = await playAct(options, plan, stage, load, watchers, tell);
    acts.push(await judgeAct(act, played, stage, { watchers, windows, load }));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { acts, logged: stage.logged, seconds };
}

/** The promises that were broken, as sentences. */
export function brokenPromises({ acts }: Report): string[] {
  return acts
    .flat()
    .filter(({ mustBeZero, count }) => mustBeZero && count > 0)
    .map(({ what, count, examples }) => `${what}: ${count}, such as\n    ${examples.join('\n    ')}`);
}

/** What an act will do, so that its run can be compared with another one. */
function announce({ fsync, tasks }: Act, { faults, spanMs }: Plan): string {
  const lines = faults.map(({ atMs, kind, target, lastsMs }) => {
    const time = `${(atMs / 1_000).toFixed(2)} s`.padStart(12);
    return `${time}  ${kind} ${target}${lastsMs > 0 ? ` for ${lastsMs} ms` : ''}`;
  });
  const seconds = Math.round(spanMs / 1_000);
  return `\nRedis at ${fsync}: ${tasks} tasks and ${faults.length} faults in ${seconds} s\n${lines.join('\n')}`;
}
