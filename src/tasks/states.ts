import { statesChannel } from '../redis/keys.ts';
import type { Feed, Listener, Listening } from './feed.ts';
import { parseNews } from './replies.ts';
import type { Store } from './store.ts';
import type { Task } from './task.ts';

/** What hears of all tasks of a queue. */
export interface StatesListener {
  onTask(task: Task): void;
  /** Its record was removed. */
  onRemoved(id: string): void;
  /** Something may have been missed. */
  onGap(): void;
}

interface Heard {
  readonly listeners: Set<StatesListener>;
  readonly listener: Listener;
}

/** The states of whole queues: each message is parsed once in a process, whoever listens. */
export class States {
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #queues: Map<string, Heard> = new Map();

  constructor(store: Store, feed: Feed) {
    this.#store = store;
    this.#feed = feed;
  }

  listen(queue: string, listener: StatesListener): Listening {
    const heard = this.#queues.get(queue) ?? hearing();
    this.#queues.set(queue, heard);
    heard.listeners.add(listener);
    const listening = this.#feed.listen(statesChannel(this.#store.root(queue)), heard.listener);
    return {
      confirmed: listening.confirmed,
      stop: () => {
        heard.listeners.delete(listener);
        if (heard.listeners.size > 0) return;
        this.#queues.delete(queue);
        listening.stop();
      },
    };
  }
}

function hearing(): Heard {
  const listeners = new Set<StatesListener>();
  return {
    listeners,
    listener: {
      onMessage(message) {
        const news = parseNews(message);
        for (const listener of listeners) {
          if ('task' in news) listener.onTask(news.task);
          else listener.onRemoved(news.removed);
        }
      },
      onGap() {
        for (const listener of listeners) listener.onGap();
      },
    },
  };
}
