import { Icon } from '../../parts/icon.tsx';
import styles from './audit.module.css';

/** How much an outcome is to be looked at. */
export type Tone = 'done' | 'none' | 'failed' | 'refused';

const tones: Readonly<Record<string, Tone>> = {
  OK: 'done',
  NOT_ACCEPTED: 'none',
  DRY_RUN: 'none',
  FORBIDDEN: 'refused',
  UNAUTHENTICATED: 'refused',
};

/** Whoever may not, or could not sign in, was refused; whatever else is no success has failed. */
export function toneOf(outcome: string): Tone {
  return Object.hasOwn(tones, outcome) ? (tones[outcome] ?? 'failed') : 'failed';
}

/** What came of an action, in the API's word: its colour isn't all that tells a refusal. */
export function Outcome({ outcome }: { readonly outcome: string }) {
  const tone = toneOf(outcome);
  return (
    <span className={styles['outcome']} data-tone={tone}>
      {(tone === 'refused' || tone === 'failed') && <Icon name="warning" size={13} />}
      {outcome}
    </span>
  );
}
