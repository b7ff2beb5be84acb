import { statesChannel } from '../redis/keys.ts';
import { Audiences } from './audiences.ts';
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

/** The states of whole queues: each message is parsed once in a process, whoever listens. */
export class States {
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #listeners: Audiences<StatesListener> = new Audiences(heardBy);

  constructor(store: Store, feed: Feed) {
    this.#store = store;
    this.#feed = feed;
  }

  listen(queue: string, listener: StatesListener): Listening {
    return this.#listeners.listen(this.#feed, statesChannel(this.#store.root(queue)), listener);
  }
}

function heardBy(listeners: ReadonlySet<StatesListener>): Listener {
  return {
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
  };
}
