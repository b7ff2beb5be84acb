import { playAct } from './act.ts';
import { Apis } from './api.ts';
import { Load } from './load.ts';
import type { ChaosOptions } from './options.ts';
import { planAct } from './plan.ts';
import { openStage, type Stage } from './stage.ts';
import { type Figure, judgeAct, markOf } from './verdict.ts';
import { Watchers } from './watchers.ts';

/** What a run found: for each act its figures, in the same order. */
export interface Report {
  readonly acts: readonly (readonly Figure[])[];
  readonly reconnects: number;
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
  const clients = new Apis(stage.apiUrls);
  await using watchers = new Watchers(clients, options.clients);
  const load = await Load.create(clients, options.seed);
  const acts: (readonly Figure[])[] = [];
  for (const [index, act] of options.acts.entries()) {
    const plan = planAct(options, act, index);
    tell(
      `\nRedis at appendfsync ${act.fsync}: ${act.tasks} tasks, ${plan.faults.length} faults in ${Math.round(plan.spanMs / 1_000)} s`,
    );
    for (const { atMs, kind, target, lastsMs } of plan.faults) {
      tell(
        `  ${(atMs / 1_000).toFixed(2).padStart(8)} s  ${kind} ${target}${lastsMs > 0 && /freeze|Redis|power/.test(kind) ? ` for ${lastsMs} ms` : ''}`,
      );
    }
    const mark = markOf(stage, watchers, load);
    await stage.redis.setFsync(act.fsync);
    const played = await playAct(options, plan, stage, load, watchers);
    acts.push(await judgeAct(act, played, { stage, watchers, load, mark }));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { acts, reconnects: watchers.reconnects, logged: stage.logged, seconds };
}

/** The promises that were broken, as sentences. */
export function brokenPromises({ acts }: Report): string[] {
  return acts
    .flat()
    .filter(({ mustBeZero, count }) => mustBeZero && count > 0)
    .map(({ what, count, examples }) => `${what}: ${count}, such as\n    ${examples.join('\n    ')}`);
}
