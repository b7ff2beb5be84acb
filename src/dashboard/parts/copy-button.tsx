import { useState } from 'react';
import { Button, IconButton } from './button.tsx';

/** Copies a text. With `children` it is a button with words. */
export function CopyButton({
  text,
  label,
  children,
}: {
  /** The text, or what makes it when it is wanted. */
  readonly text: string | (() => string);
  readonly label: string;
  readonly children?: string;
}) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await writeText(typeof text === 'string' ? text : text());
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  const icon = isCopied ? 'check' : 'copy';
  if (children === undefined)
    return <IconButton icon={icon} label={isCopied ? 'Copied' : label} onClick={() => void copy()} />;
  return (
    <Button icon={icon} onClick={() => void copy()} aria-label={label}>
      {isCopied ? 'Copied' : children}
    </Button>
  );
}

/** Copies a text. Also where the page isn't a secure context, as over HTTP in a local network. */
export async function writeText(text: string): Promise<void> {
  if (window.isSecureContext) return await navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
