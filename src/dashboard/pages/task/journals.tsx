import { useState } from 'react';
import { Panel } from '../../parts/page.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Logs } from './logs.tsx';
import { Stream } from './stream.tsx';
import type { LiveTask } from './task-live.ts';

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
          <Stream key={stream} task={task} name={stream} round={round} />
        )}
      </Tabs>
    </Panel>
  );
}
