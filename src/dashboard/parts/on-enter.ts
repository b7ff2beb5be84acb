import type { KeyboardEvent } from 'react';

/** Acts when Enter is pressed in a field; not when it takes what an input method has composed, as Japanese is written. */
export function onEnter(act: () => void): (event: KeyboardEvent) => void {
  return ({ key, nativeEvent }) => {
    if (key === 'Enter' && !nativeEvent.isComposing) act();
  };
}
