import { once } from 'node:events';
import { Session, type Debugger } from 'node:inspector/promises';
import { displayPath } from '../definition/source.ts';
import { runningAttemptKey } from './running-attempt.ts';

/** What the main thread was doing at one moment. */
export interface Look {
  /** The attempt whose code it was; undefined for code of none, as of a timer or of the server. */
  readonly attempt: { readonly id: string; readonly task: string } | undefined;
  /** The innermost calls, as `work (tasks/report.ts:12)`. */
  readonly at: readonly string[];
}

const mostFrames = 5;
const mostTries = 5;

/**
 * Stops the main thread for a moment, from another one, to see what it does: in JavaScript at once, in native code
 * when that returns, which is still within its caller. Debugging is off again before this resolves.
 *
 * @param signal gives up.
 * @param isStill says of a thread that stands whether what was to be seen is still there.
 * @param tell is called, once at most, with what was seen, while the thread still stands: let go on, it may end the process.
 */
export async function lookAtMainThread(
  signal: AbortSignal,
  isStill: () => boolean,
  tell: (look: Look) => void,
): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  // A paused event's own `url`s are empty.
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
  try {
    // Not awaited: it is answered when the main thread next comes to JavaScript, as the pause is.
    const enabled = session.post('Debugger.enable');
    enabled.catch(() => undefined);
    for (let tries = 0; tries < mostTries; tries += 1) {
      const pausing = once(session, 'Debugger.paused', { signal });
      session.post('Debugger.pause').catch(() => undefined);
      // What `once` gives are the arguments of the listener.
      const [{ params }] = (await pausing) as [{ params: Debugger.PausedEventDataType }];
      const look = isStill() ? await lookAt(session, params.callFrames, urls) : undefined;
      // Undefined where another session has let it go on meanwhile.
      if (look !== undefined) return tell(look);
      if (!isStill()) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // Ends debugging and, where it is paused, the pause.
    session.disconnect();
  }
}

async function lookAt(
  session: Session,
  frames: readonly Debugger.CallFrame[],
  urls: ReadonlyMap<string, string>,
): Promise<Look | undefined> {
  const [top] = frames;
  if (!top) return undefined;
  const expression = `JSON.stringify(globalThis[Symbol.for('${runningAttemptKey}')]?.getStore())`;
  try {
    const { result } = await session.post('Debugger.evaluateOnCallFrame', {
      callFrameId: top.callFrameId,
      expression,
      returnByValue: true,
    });
    // `runningAttempt` says what is in it.
    const attempt =
      typeof result.value === 'string' ? (JSON.parse(result.value) as Look['attempt']) : undefined;
    return { attempt, at: shown(frames, urls) };
  } catch {
    return undefined;
  }
}

/** Node's own calls only where there are no others. */
function shown(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string[] {
  const calls = frames.map(({ functionName, location }) => {
    const url = urls.get(location.scriptId) ?? '';
    const file = url.startsWith('file:') ? displayPath(url) : url;
    const place = `${file}:${location.lineNumber + 1}`;
    return { url, text: functionName === '' ? place : `${functionName} (${place})` };
  });
  const own = calls.filter(({ url }) => !url.startsWith('node:'));
  return (own.length > 0 ? own : calls).slice(0, mostFrames).map(({ text }) => text);
}
