import { useState } from 'react';
import { useMutation } from 'urql';
import { Ask } from '../../parts/ask.tsx';
import { Button } from '../../parts/button.tsx';
import { messagesOf } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { PurgeQueue } from './purge-queue.tsx';
import type { Queue } from './queue-fields.ts';
import { drainQueue, pauseQueue, resumeQueue } from './queue-mutations.ts';

/** What can be done to a queue as a whole, but for the end of a pause, which stands beside the pause. */
export function QueueActions({ queue }: { readonly queue: Queue }) {
  const [asked, setAsked] = useState<'pause' | 'drain' | 'purge'>();
  const { name, isPaused, isDraining } = queue;
  const [, pause] = useMutation(pauseQueue);
  const [, drain] = useMutation(drainQueue);
  const close = (): void => setAsked(undefined);
  return (
    <>
      {!isPaused && (
        <Button icon="pause" onClick={() => setAsked('pause')}>
          Pause …
        </Button>
      )}
      {!isDraining && (
        <Button icon="drain" onClick={() => setAsked('drain')}>
          Drain …
        </Button>
      )}
      <Button icon="trash" tone="danger" onClick={() => setAsked('purge')}>
        Purge …
      </Button>
      {asked === 'pause' && (
        <Ask
          title={`Pause ${name}?`}
          verb="Pause"
          hasReason
          onDo={async (reason) => await pause({ name, reason })}
          onClose={close}
        >
          <p>
            Nothing of it begins until it is resumed. What runs goes on, and new tasks are taken and wait.
          </p>
        </Ask>
      )}
      {asked === 'drain' && (
        <Ask
          title={`Drain ${name}?`}
          verb="Drain"
          hasReason
          onDo={async (reason) => await drain({ name, reason })}
          onClose={close}
        >
          <p>
            It takes no new tasks until it is resumed: they are refused. What is there is worked off, retries
            included.
          </p>
        </Ask>
      )}
      {asked === 'purge' && <PurgeQueue queue={queue} onClose={close} />}
    </>
  );
}

/** Ends a pause and a drain. */
export function ResumeQueue({ queue: { name } }: { readonly queue: Queue }) {
  const [{ fetching }, resume] = useMutation(resumeQueue);
  const act = async (): Promise<void> => {
    const { error } = await resume({ name });
    if (error === undefined) toast(`${name} goes on.`);
    else toast(messagesOf(error).join(' '), 'bad');
  };
  return (
    <Button icon="play" tone="primary" isBusy={fetching} onClick={() => void act()}>
      Resume
    </Button>
  );
}
