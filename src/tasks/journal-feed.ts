import { Audiences } from './audiences.ts';
import type { Feed, Listener, Listening } from './feed.ts';
import type { JournalInbox } from './journal-inbox.ts';
import type { JournalBatch } from './journal.ts';

/**
 * What all followers of journals in this process hear, by a connection of its own: what tasks say never delays their
 * states. It is opened with the first follower.
 */
export class JournalFeed {
  readonly #open: () => Feed;
  readonly #followers: Audiences<JournalInbox> = new Audiences(followedBy);
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
    return this.#followers.listen(this.#feed, channel, inbox);
  }

  close(): void {
    for (const inbox of this.#followers.members) inbox.close();
    this.#feed?.close();
  }
}

function followedBy(inboxes: ReadonlySet<JournalInbox>): Listener {
  return {
    onMessage(message) {
      const batch = parseBatch(message);
      for (const inbox of inboxes) inbox.push(batch, message.length);
    },
    onGap() {
      for (const inbox of inboxes) inbox.fallBehind();
    },
  };
}

/** As `append` in scripts/journals.ts publishes it. */
function parseBatch(message: string): JournalBatch {
  return { ...(JSON.parse(message) as Omit<JournalBatch, 'dropped'>), dropped: 0 };
}
