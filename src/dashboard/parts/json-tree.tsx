import type { Json } from '../client/graphql.ts';
import { CopyButton } from './copy-button.tsx';
import styles from './json-tree.module.css';

/** Any JSON as a tree whose branches open and close; large ones begin closed. */
export function JsonTree({ value, label }: { readonly value: Json; readonly label: string }) {
  return (
    <div className={styles['tree']}>
      <div className={styles['tools']}>
        <CopyButton text={() => JSON.stringify(value, undefined, 2)} label={`Copy ${label} as JSON`} />
      </div>
      <Value value={value} depth={0} />
    </div>
  );
}

/** More than so many entries of a list aren't made into elements at once. */
const most = 100;

function Value({ value, depth }: { readonly value: Json; readonly depth: number }) {
  if (value === null || typeof value !== 'object') return <Leaf value={value} />;
  // The keys of an array are its indexes.
  const entries: readonly (readonly [string, Json])[] = Object.entries(value);
  const isList = Array.isArray(value);
  if (entries.length === 0) return <span className="faint">{isList ? '[ ]' : '{ }'}</span>;
  const branches = (
    <ul>
      {entries.slice(0, most).map(([key, child]) => (
        <li key={key}>
          <span className={isList ? styles['index'] : styles['key']}>{key}</span>
          <Value value={child} depth={depth + 1} />
        </li>
      ))}
      {entries.length > most && <li className="faint">… {entries.length - most} more</li>}
    </ul>
  );
  if (depth === 0) return branches;
  return (
    <details open={depth < 3 && entries.length <= 20}>
      <summary>
        {entries.length} {isList ? 'item' : 'field'}
        {entries.length === 1 ? '' : 's'}
      </summary>
      {branches}
    </details>
  );
}

function Leaf({ value }: { readonly value: null | boolean | number | string }) {
  const kind = value === null ? 'null' : typeof value;
  return <span className={styles[kind]}>{typeof value === 'string' ? value : String(value)}</span>;
}
