import { type ReactNode, useState } from 'react';
import type { CombinedError } from 'urql';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Field, Input } from './field.tsx';
import { onEnter } from './on-enter.ts';
import { Problem } from './problem.tsx';

/** What came of what was asked for: an error stays in the dialog, without one it closes. */
export type Done = Promise<{ readonly error?: CombinedError | undefined }>;

/** Asks before something is done, and for the reason where the API keeps one. */
export function Ask({
  title,
  verb,
  isDanger = false,
  isReady = true,
  hasReason = false,
  children,
  onDo,
  onClose,
}: {
  readonly title: string;
  /** What the button says. */
  readonly verb: string;
  /** It takes something away. */
  readonly isDanger?: boolean;
  /** There is enough to do it by. @default true */
  readonly isReady?: boolean;
  readonly hasReason?: boolean;
  /** What will happen, in words. */
  readonly children: ReactNode;
  readonly onDo: (reason: string | null) => Done;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<CombinedError>();
  const act = async (): Promise<void> => {
    if (isBusy || !isReady) return;
    setBusy(true);
    const { error } = await onDo(reason.trim() === '' ? null : reason.trim());
    setBusy(false);
    setError(error);
    if (error === undefined) onClose();
  };
  const tone = isDanger ? 'danger' : 'primary';
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button tone={tone} isBusy={isBusy} disabled={!isReady} onClick={() => void act()}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
      {hasReason && (
        <Field label="Reason" hint="Shown to all who look at it, and kept in the audit.">
          {(control) => (
            <Input
              {...control}
              value={reason}
              maxLength={500}
              autoFocus
              onChange={({ target }) => setReason(target.value)}
              onKeyDown={onEnter(() => void act())}
            />
          )}
        </Field>
      )}
      <Problem error={error} />
    </Dialog>
  );
}
