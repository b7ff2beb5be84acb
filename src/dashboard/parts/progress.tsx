import styles from './progress.module.css';

/** How much of something is done: 0 to 1, or undefined where it runs and doesn't say. */
export function Progress({
  fraction,
  label,
}: {
  readonly fraction: number | undefined;
  readonly label: string;
}) {
  const percent =
    fraction === undefined ? undefined : Math.round(Math.min(1, Math.max(0, fraction)) * 1000) / 10;
  return (
    <div
      className={styles['track']}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      data-open={percent === undefined}
    >
      <div className={styles['bar']} style={{ transform: `scaleX(${(percent ?? 30) / 100})` }} />
    </div>
  );
}
