import type { Feed, Listener, Listening } from './feed.ts';
import type { JournalInbox } from './journal-inbox.ts';
import type { JournalBatch } from './journal.ts';

interface Followed {
  readonly inboxes: Set<JournalInbox>;
  readonly listener: Listener;
}

/**
 * What all followers of journals in this process hear, by a connection of its own: what tasks say never delays their
 * states. It is opened with the first follower. A message is parsed once, whoever follows.
 */
export class JournalFeed {
  readonly #open: () => Feed;
  readonly #followed: Map<string, Followed> = new Map();
  #feed: Feed | undefined;

  constructor(open: () => Feed) {
    this.#open = open;
  }

  /** Channels that are listened to now. */
  get channels(): number {
    return this.#feed?.size ?? 0;
  }

  /** Listens for a follower; once that is confirmed it misses nothing that is published. */
  listen(channel: string, inbox: JournalInbox): Listening {
    this.#feed ??= this.#open();
    const followed = this.#followed.get(channel) ?? followedBy();
    this.#followed.set(channel, followed);
    followed.inboxes.add(inbox);
    const listening = this.#feed.listen(channel, followed.listener);
    return {
      confirmed: listening.confirmed,
      stop: () => {
        followed.inboxes.delete(inbox);
        if (followed.inboxes.size > 0) return;
        this.#followed.delete(channel);
        listening.stop();
      },
    };
  }

  close(): void {
    for (const { inboxes } of this.#followed.values()) for (const inbox of inboxes) inbox.close();
    this.#feed?.close();
  }
}

function followedBy(): Followed {
  const inboxes = new Set<JournalInbox>();
  return {
    inboxes,
    listener: {
      onMessage: (message) => {
        const batch = parseBatch(message);
        for (const inbox of inboxes) inbox.push(batch, message.length);
      },
      onGap: () => {
        for (const inbox of inboxes) inbox.fallBehind();
      },
    },
  };
}

/** As `append` in scripts/journals.ts publishes it. */
function parseBatch(message: string): JournalBatch {
  return { ...(JSON.parse(message) as Omit<JournalBatch, 'dropped'>), dropped: 0 };
}
