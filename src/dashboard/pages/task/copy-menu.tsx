import { CopyAsMenu } from '../../parts/copy-as-menu.tsx';
import { enqueueAgain, followTask } from './copy-as.ts';
import type { Definition, TaskData } from './task-data.ts';
import type { LiveTask } from './task-live.ts';

/** Copies what enqueues a task once more, or follows it. */
export function CopyMenu({
  task,
  about,
  definition,
}: {
  readonly task: LiveTask;
  readonly about: TaskData | undefined;
  readonly definition: Definition | undefined;
}) {
  const again = () =>
    enqueueAgain({
      id: task.id,
      mutation: definition?.mutation,
      inputType: definition?.inputType ?? null,
      input: about?.input ?? null,
      priority: task.priority,
      tags: task.tags,
    });
  return (
    <CopyAsMenu
      items={[
        { does: 'enqueue it again', icon: 'enqueue', operation: again },
        { does: 'follow it', icon: 'play', follows: true, operation: () => followTask(task) },
      ]}
    />
  );
}
