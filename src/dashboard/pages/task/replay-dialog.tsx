import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import type { Json } from '../../client/graphql.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, TextArea } from '../../parts/field.tsx';
import { Icon } from '../../parts/icon.tsx';
import { parseJson } from '../../parts/parse-json.ts';
import { Problem } from '../../parts/problem.tsx';
import { issuesIn, writePath } from '../../parts/schema-form/issue.ts';
import { secretText } from '../../client/secret-text.ts';
import { hasSecrets } from './copy-as.ts';
import { replayTask } from './mutations.ts';
import type { LiveTask } from './task-live.ts';
import problem from '../../parts/problem.module.css';
import styles from './replay-dialog.module.css';

/** Enqueues a task anew with another input, which is edited as JSON. */
export function ReplayDialog({
  task,
  input,
  onClose,
  onReplayed,
}: {
  readonly task: LiveTask;
  readonly input: Json;
  readonly onClose: () => void;
  readonly onReplayed: (id: string) => void;
}) {
  const [text, setText] = useState(() => JSON.stringify(input, undefined, 2));
  const [{ fetching, error }, replay] = useMutation(replayTask);
  const parsed = parseJson(text);
  const issues = issuesIn(error).map(({ path, message }) => ({ place: writePath(path), message }));
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if ('problem' in parsed) return;
    const { data, error } = await replay({ id: task.id, input: parsed.value });
    if (error !== undefined || data === undefined) return;
    onClose();
    onReplayed(data.replayTask.task.id);
  };
  return (
    <Dialog
      title={`Replay ${task.name} with edited input`}
      isWide
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            tone="primary"
            icon="replay"
            type="submit"
            form="replay"
            isBusy={fetching}
            disabled={'problem' in parsed}
          >
            Enqueue
          </Button>
        </>
      }
    >
      <form id="replay" className={styles['form']} onSubmit={(event) => void submit(event)}>
        <Field
          label="Input"
          hint={
            hasSecrets(input)
              ? `JSON. What says "${secretText}" has the value of the original, as long as it stays so.`
              : 'JSON. The original stays as it is.'
          }
          error={'problem' in parsed ? parsed.problem : undefined}
        >
          {(control) => (
            <TextArea
              {...control}
              rows={Math.min(24, Math.max(8, text.split('\n').length + 1))}
              spellCheck={false}
              autoCapitalize="off"
              autoComplete="off"
              value={text}
              onChange={({ target }) => setText(target.value)}
            />
          )}
        </Field>
        {issues.length > 0 ? (
          <div className={problem['problem']} role="alert">
            <Icon name="warning" />
            <ul>
              {issues.map(({ place, message }) => (
                <li key={`${place} ${message}`}>
                  {place !== '' && <code className={styles['place']}>{place}</code>} {message}
                </li>
              ))}
            </ul>
          </div>
        ) : (
          <Problem error={error} />
        )}
      </form>
    </Dialog>
  );
}
