import { endpoint } from '../../client/endpoint.ts';
import { useViewer } from '../../client/viewer.tsx';
import { copyText } from '../../parts/copy-button.tsx';
import { Menu } from '../../parts/menu.tsx';
import { toast } from '../../parts/toasts.tsx';
import { asCurl, asGraphql, enqueueAgain, followTask } from './copy-as.ts';
import type { Definition, TaskData } from './task-data.ts';
import type { LiveTask } from './task-live.ts';

/** Copies what does the same without this page: an operation, or a command that sends it. The token is never part of it. */
export function CopyMenu({
  task,
  about,
  definition,
}: {
  readonly task: LiveTask;
  readonly about: TaskData | undefined;
  readonly definition: Definition | undefined;
}) {
  const { isAnonymous } = useViewer();
  const enqueue = enqueueAgain({
    id: task.id,
    mutation: definition?.mutation,
    inputType: definition?.inputType ?? null,
    input: about?.input ?? null,
    priority: task.priority,
    tags: task.tags,
  });
  const follow = followTask(task);
  const copy = (text: string, what: string) => (): void => {
    void copyText(text).then((isCopied) => {
      if (isCopied) toast(`Copied: ${what}.`);
    });
  };
  const to = { url: endpoint('http'), hasToken: !isAnonymous };
  return (
    <Menu
      label="Copy as"
      icon="code"
      items={[
        {
          label: 'GraphQL: enqueue it again',
          icon: 'enqueue',
          onSelect: copy(asGraphql(enqueue), 'the mutation, with its variables'),
        },
        {
          label: 'GraphQL: follow it',
          icon: 'play',
          onSelect: copy(asGraphql(follow), 'the subscription, with its variables'),
        },
        {
          label: 'curl: enqueue it again',
          icon: 'enqueue',
          onSelect: copy(asCurl(enqueue, to), 'a command for a shell'),
        },
        {
          label: 'curl: follow it',
          icon: 'play',
          onSelect: copy(asCurl(follow, { ...to, follows: true }), 'a command for a shell'),
        },
      ]}
    />
  );
}
