/** What a change does to a list, as `tasksUpdated` tells it. */
interface Change<Task> {
  readonly kind: 'INSERTED' | 'CHANGED' | 'REMOVED';
  readonly index: number;
  readonly task: Task | null;
}

/** The list after the changes, in their order. */
export function applyChanges<Task>(
  tasks: readonly Task[],
  changes: readonly Change<Task>[],
): readonly Task[] {
  if (changes.length === 0) return tasks;
  const changed = [...tasks];
  for (const { kind, index, task } of changes) {
    if (kind === 'REMOVED') changed.splice(index, 1);
    else if (task !== null) changed.splice(index, kind === 'CHANGED' ? 1 : 0, task);
  }
  return changed;
}
