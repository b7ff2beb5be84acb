import { useState } from 'react';
import { isSame } from './value.ts';

/**
 * The text of a control whose value is something else, such as a number: as it was typed, as long as it stands for the
 * value, so that `1.0` may be on its way to `1.05`.
 */
export function useText(
  value: unknown,
  write: (value: unknown) => string,
  read: (text: string) => unknown,
): readonly [text: string, setText: (text: string) => void, isTyped: boolean] {
  const [typed, setTyped] = useState(() => write(value));
  const isTyped = isSame(read(typed), value);
  return [isTyped ? typed : write(value), setTyped, isTyped];
}
