import { Suspense, useState } from 'react';
import { useMutation } from 'urql';
import { useAsked } from '../../hooks/use-asked.ts';
import { useLocation } from 'wouter';
import { useViewer } from '../../client/viewer.tsx';
import { Button } from '../../parts/button.tsx';
import { Menu, type MenuItem } from '../../parts/menu.tsx';
import { messagesOf } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { CancelDialog, PriorityDialog, RescheduleDialog } from './dialogs.ts';
import { CopyMenu } from './copy-menu.tsx';
import { replayTask, retryTask } from './mutations.ts';
import { type TaskData, taskDefinition } from './task-data.ts';
import type { LiveTask } from './task-live.ts';
import { useKeys } from './use-keys.ts';

type Opened = 'cancel' | 'priority' | 'time';

/** What can be done with a task: only what it, and who looks at it, may. */
export function Actions({ task, about }: { readonly task: LiveTask; readonly about: TaskData | undefined }) {
  const { may } = useViewer();
  const [opened, setOpened] = useState<Opened>();
  const [, navigate] = useLocation();
  const [retrying, retry] = useMutation(retryTask);
  const [replaying, replay] = useMutation(replayTask);
  const { data } = useAsked({ query: taskDefinition, variables: { name: task.name } });
  const definition = data?.definition ?? undefined;
  const mayWrite = may('tasks:write');
  const canReplay = mayWrite && definition?.canEnqueue === true;
  const canCancel = mayWrite && task.canCancel;
  const canRetry = mayWrite && task.canRetry;

  const onRetry = async (): Promise<void> => {
    const { error } = await retry({ id: task.id });
    if (error !== undefined) toast(messagesOf(error).join(' '), 'bad');
  };
  const show = (id: string): void => navigate(`/tasks/${encodeURIComponent(id)}`);
  const onReplay = async (): Promise<void> => {
    const { data, error } = await replay({ id: task.id });
    if (error !== undefined) return toast(messagesOf(error).join(' '), 'bad');
    if (data === undefined) return;
    toast('It is enqueued anew: this is the new one.');
    show(data.replayTask.task.id);
  };
  const edit = (): void =>
    navigate(`/enqueue/${encodeURIComponent(task.name)}?${new URLSearchParams({ replay: task.id })}`);
  const close = (): void => setOpened(undefined);

  useKeys({
    c: canCancel ? () => setOpened('cancel') : undefined,
    r: canRetry && !retrying.fetching ? () => void onRetry() : undefined,
    l: () => document.querySelector<HTMLInputElement>('input[type="search"]')?.focus(),
  });

  const more: MenuItem[] = [
    ...(canReplay && definition.inputType !== null && about !== undefined
      ? [{ label: 'Replay with edited input…', icon: 'edit', onSelect: edit } as const]
      : []),
    ...(mayWrite && !task.isFinal
      ? [{ label: 'Change its priority…', icon: 'up', onSelect: () => setOpened('priority') } as const]
      : []),
    ...(mayWrite && (task.status === 'SCHEDULED' || task.status === 'RETRYING')
      ? [{ label: 'Change its time…', icon: 'schedules', onSelect: () => setOpened('time') } as const]
      : []),
  ];
  return (
    <>
      {canCancel && (
        <Button tone="danger" icon="stop" title="c" onClick={() => setOpened('cancel')}>
          Cancel
        </Button>
      )}
      {canRetry && (
        <Button
          tone="primary"
          icon="retry"
          title="r"
          isBusy={retrying.fetching}
          onClick={() => void onRetry()}
        >
          Retry
        </Button>
      )}
      {canReplay && (
        <Button icon="replay" isBusy={replaying.fetching} onClick={() => void onReplay()}>
          Replay
        </Button>
      )}
      {more.length > 0 && <Menu label="More" icon="more" items={more} />}
      <CopyMenu task={task} about={about} definition={definition} />
      <Suspense>
        {opened === 'cancel' && <CancelDialog task={task} onClose={close} />}
        {opened === 'priority' && <PriorityDialog task={task} onClose={close} />}
        {opened === 'time' && <RescheduleDialog task={task} onClose={close} />}
      </Suspense>
    </>
  );
}
