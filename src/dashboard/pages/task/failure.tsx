import { Icon } from '../../parts/icon.tsx';
import { JsonTree } from '../../parts/json-tree.tsx';
import type { Failure } from './task-live.ts';
import styles from './failure.module.css';

/** Why something failed: its code, what it said, and whether trying again can help. */
export function FailureView({ failure }: { readonly failure: Failure }) {
  const { code, message, details, retryable } = failure;
  return (
    <div className={styles['failure']}>
      <Icon name="warning" />
      <div>
        <p className={styles['head']}>
          <code>{code}</code>
          <span className={styles['kind']}>
            {retryable ? 'trying again may help' : 'trying again does not help'}
          </span>
        </p>
        <p className={styles['message']}>{message}</p>
        {details !== null && (
          <details className={styles['details']}>
            <summary>Details</summary>
            <JsonTree value={details} label="the details" />
          </details>
        )}
      </div>
    </div>
  );
}
