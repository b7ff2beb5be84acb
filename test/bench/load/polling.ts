import { setTimeout as delay } from 'node:timers/promises';
import { post } from './post.ts';

/** Enqueues by POST and asks by GET how things are, at once and then so often, until the task has ended. */
export async function pollUntilDone(port: number, n: number, pollMs: number): Promise<void> {
  // What fastapi_app.py answers.
  const { task_id: id } = (await post(port, '/echo', { n })) as { task_id: string };
  const patience = performance.now() + 30_000;
  for (;;) {
    await delay(pollMs);
    const answer = (await post(port, `/task-status/${id}`, undefined)) as { status: string };
    if (answer.status === 'SUCCESS') return;
    if (answer.status !== 'PENDING' && answer.status !== 'STARTED') throw new Error(JSON.stringify(answer));
    if (performance.now() > patience) throw new Error('a task did not end within 30 s');
  }
}
