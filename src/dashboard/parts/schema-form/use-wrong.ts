import { type RefObject, useEffect, useRef, useState } from 'react';

/** A form, and what moves the focus to the first of its fields that is wrong, once that is shown. */
export function useWrong(): readonly [form: RefObject<HTMLFormElement | null>, goToWrong: () => void] {
  const form = useRef<HTMLFormElement>(null);
  const [refusals, setRefusals] = useState(0);
  useEffect(() => {
    if (refusals === 0) return;
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-wrong]')?.focus();
  }, [refusals]);
  return [form, () => setRefusals((count) => count + 1)];
}
