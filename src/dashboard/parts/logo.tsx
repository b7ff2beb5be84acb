import styles from './logo.module.css';

/** The name, with its sign. */
export function Logo() {
  return (
    <span className={styles['logo']}>
      <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="var(--accent-fill)" />
        <path
          d="M6 11h8a4 4 0 0 1 4 4v2a4 4 0 0 0 4 4h4"
          fill="none"
          stroke="#fff"
          strokeWidth="3"
          strokeLinecap="round"
        />
        <circle cx="25" cy="11" r="3" fill="#7ef0c9" />
      </svg>
      Taskwire
    </span>
  );
}
