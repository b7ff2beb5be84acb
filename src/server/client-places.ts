import { networkOf } from '../auth/failures.ts';
import type { Session } from '../auth/session.ts';
import { RateLimitedError } from '../errors.ts';
import { Places } from './places.ts';

/** How many sockets and streams of events each address has, and each owner: over both transports together. */
export class ClientPlaces {
  readonly #addresses: Places;
  readonly #owners: Places;

  constructor(limits: { readonly maxPerAddress: number; readonly maxPerOwner: number }) {
    this.#addresses = new Places(limits.maxPerAddress);
    this.#owners = new Places(limits.maxPerOwner);
  }

  /** Takes a place of an address; gives what frees it, to be called once, or undefined where none is left. */
  takeOfAddress(address: string): (() => void) | undefined {
    return take(this.#addresses, networkOf(address));
  }

  /** The same of whoever has signed in. */
  takeOfOwner(session: Session): (() => void) | undefined {
    const holder = holderOf(session);
    return holder === undefined ? () => undefined : take(this.#owners, holder);
  }

  /** Takes both for a stream of events; gives what frees them, or the error that says that there is no room. */
  takeForStream(session: Session, address: string): (() => void) | RateLimitedError {
    const ofAddress = this.takeOfAddress(address);
    const ofOwner = ofAddress && this.takeOfOwner(session);
    if (ofAddress !== undefined && ofOwner !== undefined) {
      return () => {
        ofAddress();
        ofOwner();
      };
    }
    ofAddress?.();
    return new RateLimitedError('As many streams and sockets are open as may be. End one.', 10_000);
  }
}

function take(places: Places, holder: string): (() => void) | undefined {
  return places.take(holder) ? () => places.free(holder) : undefined;
}

/** By whom one is counted; those who watch a task by its tokens are many, and don't count as its owner. */
function holderOf({ credential, viewer: { owner, watch } }: Session): string | undefined {
  // Where there is no sign-in, all are one owner.
  if (credential === 'open') return undefined;
  return watch === undefined ? `owner ${owner}` : `task ${watch.taskId}`;
}
