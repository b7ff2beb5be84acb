import { lazy, Suspense, useState } from 'react';
import { Panel } from '../../parts/page.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Logs } from './logs.tsx';
import type { LiveTask } from './task-live.ts';

// Few tasks have streams.
const Stream = lazy(async () => ({ default: (await import('./stream.tsx')).Stream }));

/** What it says while it works: its log, and each of its streams. */
export function Journals({ task, round }: { readonly task: LiveTask; readonly round: number }) {
  const [chosen, setChosen] = useState('log');
  const tabs = [
    { id: 'log', label: 'Log' },
    ...task.streams.map((name) => ({ id: `stream-${name}`, label: name })),
  ];
  const stream = task.streams.find((name) => `stream-${name}` === chosen);
  return (
    <Panel>
      <Tabs
        label="Log and streams"
        tabs={tabs}
        chosen={stream === undefined ? 'log' : chosen}
        onChoose={setChosen}
      >
        {stream === undefined ? (
          <Logs task={task} round={round} />
        ) : (
          <Suspense>
            <Stream key={stream} task={task} name={stream} round={round} />
          </Suspense>
        )}
      </Tabs>
    </Panel>
  );
}
