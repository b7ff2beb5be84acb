import { Icon, type IconName } from '../../parts/icon.tsx';
import type { Queue } from './queue-fields.ts';
import styles from './queue-state.module.css';

interface State {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: 'good' | 'held' | 'bad';
}

/** What holds a queue up, or that it is open. */
export function QueueState({ queue }: { readonly queue: Queue }) {
  return (
    <span className={styles['states']}>
      {statesOf(queue).map(({ word, icon, tone }) => (
        <span key={word} className={styles['state']} data-tone={tone}>
          <Icon name={icon} size={12} />
          {word}
        </span>
      ))}
    </span>
  );
}

function statesOf({
  isPaused,
  isDraining,
  pausedDefinitions,
  limits,
  waiting,
  workers,
}: Queue): readonly State[] {
  const states: State[] = [];
  if (isPaused) states.push({ word: 'Paused', icon: 'pause', tone: 'held' });
  if (isDraining) states.push({ word: 'Draining', icon: 'drain', tone: 'held' });
  if (waiting > 0 && workers.count === 0) states.push({ word: 'No worker', icon: 'warning', tone: 'bad' });
  const paused = pausedDefinitions.length;
  if (paused > 0)
    states.push({
      word: paused === 1 ? '1 definition paused' : `${paused} definitions paused`,
      icon: 'pause',
      tone: 'held',
    });
  if (limits.some(({ isBlocking }) => isBlocking))
    states.push({ word: 'At its limit', icon: 'stop', tone: 'held' });
  return states.length === 0 ? [{ word: 'Open', icon: 'check', tone: 'good' }] : states;
}
