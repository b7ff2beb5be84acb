import { formatCompact } from './format.ts';
import styles from './meter.module.css';

/** How much of what there is room for is taken: `3 / 10`, and a bar. */
export function Meter({
  value,
  max,
  label,
  warnsWhenFull = false,
}: {
  readonly value: number;
  readonly max: number;
  /** What is counted, for screen readers. */
  readonly label: string;
  /** Full is worth a look, as of a limit; of slots it is what they are for. */
  readonly warnsWhenFull?: boolean;
}) {
  const fraction = max === 0 ? 0 : Math.min(1, value / max);
  return (
    <span className={styles['meter']} data-full={warnsWhenFull && max > 0 && value >= max}>
      <span>
        {formatCompact(value)} <span className="faint">/ {formatCompact(max)}</span>
      </span>
      <span
        className={styles['track']}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuenow={Math.min(value, max)}
        aria-valuetext={`${value} of ${max}`}
      >
        <span className={styles['bar']} style={{ display: 'block', transform: `scaleX(${fraction})` }} />
      </span>
    </span>
  );
}
