import type { QueueState } from '../inspect.ts';
import type { QueueAct } from '../rules.ts';
import { showCount, showTime } from '../../quantity.ts';
import { type Finding, finding } from './finding.ts';

/** What somebody has paused or drains in a queue: meant to be so, but easily forgotten. */
export function pauseFindings({ queue, now, rules, tasks, definitions }: QueueState): Finding[] {
  const said = (what: string, { at, reason, actor }: QueueAct): string =>
    `${what}${actor === undefined ? '' : ` by ${actor}`} ${showTime(Math.max(0, now - at))} ago${reason === undefined ? '' : `: ${reason}`}`;
  const found = (text: string, waiting: number, todo: string): Finding => {
    const held = `${text} (${showCount(waiting, 'task')} waiting)`;
    return waiting === 0 ? finding('pause', 'ok', held) : finding('pause', 'warn', held, todo);
  };
  const { pause, drain } = rules;
  return [
    ...(pause === undefined
      ? []
      : [found(said('paused', pause), tasks.QUEUED, `Go on by 'taskwire resume ${queue}'.`)]),
    ...(drain === undefined
      ? []
      : [
          finding(
            'drain',
            'warn',
            said('takes no new tasks, drained', drain),
            `End it by 'taskwire resume ${queue}'.`,
          ),
        ]),
    ...[...rules.definitions].flatMap(([name, { pause }]) => {
      if (pause === undefined) return [];
      const waiting = definitions.find((definition) => definition.name === name)?.queued ?? 0;
      const todo = `Go on by 'taskwire resume --definition ${name}'.`;
      return [{ ...found(said(`${name} paused`, pause), waiting, todo), definition: name }];
    }),
  ];
}
