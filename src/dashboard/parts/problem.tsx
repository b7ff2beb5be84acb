import type { CombinedError } from 'urql';
import { Icon } from './icon.tsx';
import styles from './problem.module.css';

/** What went wrong, in the API's own words. */
export function Problem({
  error,
  hint,
}: {
  readonly error: CombinedError | undefined;
  /** What happens now. */
  readonly hint?: string;
}) {
  if (error === undefined) return null;
  return (
    <div className={styles['problem']} role="alert">
      <Icon name="warning" />
      <ul>
        {messagesOf(error).map((message) => (
          <li key={message}>{message}</li>
        ))}
        {hint !== undefined && <li>{hint}</li>}
      </ul>
    </div>
  );
}

/** The sentences of an error, without what the client puts before them. */
export function messagesOf({ graphQLErrors, networkError, response }: CombinedError): string[] {
  if (graphQLErrors.length > 0) return [...new Set(graphQLErrors.map(({ message }) => message))];
  const { status } = (response ?? {}) as { readonly status?: number };
  if (networkError !== undefined && status === undefined) return ['The API cannot be reached.'];
  return [networkError?.message ?? 'Something went wrong.'];
}
