import { memo, useState } from 'react';
import { useClient } from 'urql';
import { graphql } from '../../client/graphql.ts';
import { Button, IconButton } from '../../parts/button.tsx';
import { formatCount } from '../../parts/format.ts';
import { Empty } from '../../parts/page.tsx';
import { messagesOf, Problem } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { download } from './download.ts';
import { emptyStream, withBatch } from './stream-text.ts';
import { readStream } from './read-stream.ts';
import type { LiveTask } from './task-live.ts';
import { useAppended } from './use-appended.ts';
import { useFollow } from './use-follow.ts';
import logs from './logs.module.css';
import styles from './stream.module.css';

const streamAppended = graphql(`
  subscription StreamOfTask($id: ID!, $name: String!, $after: Int) {
    taskStreamAppended(id: $id, name: $name, after: $after) {
      attempt
      text
      dropped
      lastIndex
    }
  }
`);

/** A stream as it is written: what its last attempt has said, of a long one the end. */
export function Stream({
  task,
  name,
  round,
}: {
  readonly task: LiveTask;
  readonly name: string;
  readonly round: number;
}) {
  const { state, error, isOver } = useAppended(
    streamAppended,
    { id: task.id, name },
    round,
    () => emptyStream,
    (stream, { taskStreamAppended }) => withBatch(stream, taskStreamAppended),
  );
  const client = useClient();
  const [isReading, setReading] = useState(false);
  const { box, follows, setFollows, onScroll } = useFollow(!task.isFinal);
  const save = async (): Promise<void> => {
    setReading(true);
    const { text, error } = await readStream(client, task.id, name);
    setReading(false);
    if (error === undefined) download(`${task.id}.${name}.txt`, text);
    else toast(messagesOf(error).join(' '), 'bad');
  };
  return (
    <div>
      <div className={logs['tools']}>
        <span className={styles['size']}>
          {formatCount(state.length)} characters
          {(state.attempt ?? 1) > 1 && `, of attempt ${state.attempt}`}
          {!isOver && !task.isFinal && state.attempt !== undefined && ' so far'}
        </span>
        <span className={logs['ends']}>
          <IconButton
            icon="download"
            label={`Download all of ${name}`}
            disabled={isReading}
            onClick={() => void save()}
          />
          <Button
            icon="end"
            aria-pressed={follows}
            className={logs['toggle']}
            onClick={() => setFollows(!follows)}
          >
            {follows ? 'Following' : 'Follow'}
          </Button>
        </span>
      </div>
      <Problem error={error} />
      <div
        ref={box}
        className={`${logs['box']} ${styles['text']}`}
        role="log"
        aria-label={`Stream ${name}`}
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
      >
        {state.dropped > 0 && (
          <p className={logs['hole']}>
            {formatCount(state.dropped)} pieces at the beginning are missing: kept no longer
          </p>
        )}
        {state.cut > 0 && (
          <p className={logs['hole']}>
            The first {formatCount(state.cut)} characters aren't shown: download it to have all
          </p>
        )}
        {state.lastIndex === -1 && <Empty title="Nothing has been written so far." />}
        <pre>
          {state.blocks.map(({ key, text }) => (
            <BlockView key={key} text={text} />
          ))}
        </pre>
      </div>
    </div>
  );
}

const BlockView = memo(function BlockView({ text }: { readonly text: string }) {
  return <span>{text}</span>;
});
