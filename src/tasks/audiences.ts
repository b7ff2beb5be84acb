import type { Feed, Listener, Listening } from './feed.ts';

interface Audience<Member> {
  readonly members: Set<Member>;
  readonly listener: Listener;
}

/** Those who listen to the same channels of a feed in this process: each message is read once, whoever listens. */
export class Audiences<Member> {
  readonly #listenerOf: (members: ReadonlySet<Member>) => Listener;
  readonly #audiences: Map<string, Audience<Member>> = new Map();

  /** `listenerOf` tells all who listen to one channel what comes there. */
  constructor(listenerOf: (members: ReadonlySet<Member>) => Listener) {
    this.#listenerOf = listenerOf;
  }

  /** All who listen to anything. */
  get members(): readonly Member[] {
    return [...this.#audiences.values()].flatMap(({ members }) => [...members]);
  }

  /** Listens for one more; once that is confirmed it misses nothing. The channel is left with the last one. */
  listen(feed: Feed, channel: string, member: Member): Listening {
    const audience = this.#audiences.get(channel) ?? this.#new();
    this.#audiences.set(channel, audience);
    audience.members.add(member);
    const listening = feed.listen(channel, audience.listener);
    return {
      confirmed: listening.confirmed,
      stop: () => {
        if (!audience.members.delete(member) || audience.members.size > 0) return;
        this.#audiences.delete(channel);
        listening.stop();
      },
    };
  }

  #new(): Audience<Member> {
    const members = new Set<Member>();
    return { members, listener: this.#listenerOf(members) };
  }
}
