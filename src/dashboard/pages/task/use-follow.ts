import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

export interface Follow {
  /** What scrolls. */
  readonly box: RefObject<HTMLDivElement | null>;
  readonly follows: boolean;
  readonly setFollows: (follows: boolean) => void;
  readonly onScroll: () => void;
}

/** Keeps the end of what scrolls in sight while it grows, until one scrolls up. Who scrolls to its end follows again. */
export function useFollow(atFirst: boolean): Follow {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(atFirst);
  const lastTop = useRef(0);
  // After each render: whatever has come, or has been measured, has changed the height.
  useLayoutEffect(() => {
    const { current } = box;
    if (current !== null && follows) current.scrollTop = current.scrollHeight;
  });
  const onScroll = (): void => {
    const { current } = box;
    if (current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = current;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 4;
    if (!isAtEnd && scrollTop < lastTop.current - 1) setFollows(false);
    if (isAtEnd && scrollTop > lastTop.current) setFollows(true);
    lastTop.current = scrollTop;
  };
  return { box, follows, setFollows, onScroll };
}
