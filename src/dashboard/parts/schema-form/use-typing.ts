import { type FocusEvent, useState } from 'react';

/**
 * Whether one types in the element that gets the handlers. That ends when the focus leaves it; by a press of the pointer once
 * that is through, so that nothing moves away below it.
 */
export function useTyping() {
  const [isTyping, setTyping] = useState(false);
  const onFocus = (): void => setTyping(true);
  const onBlur = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    const end = (): void => {
      if (!currentTarget.contains(document.activeElement)) setTyping(false);
    };
    if (currentTarget.contains(relatedTarget)) return;
    if (document.querySelector(':active') === null) setTyping(false);
    else document.addEventListener('pointerup', () => setTimeout(end), { once: true });
  };
  return { isTyping, onFocus, onBlur };
}
