import { useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { toast } from './toasts.tsx';

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
    if (!(await copyText(typeof text === 'string' ? text : text()))) return;
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

/** Copies a text, or tells in a corner what to do where the browser doesn't let the page. Whether it is copied. */
export async function copyText(text: string): Promise<boolean> {
  const isCopied = await writeText(text).catch(() => false);
  if (!isCopied)
    toast(
      'Not copied: the browser did not let this page. Allow it the clipboard, or copy the text by hand.',
      'bad',
    );
  return isCopied;
}

/** Also where the page isn't a secure context, as over HTTP in a local network. */
async function writeText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const area = document.createElement('textarea');
  area.value = text;
  // Nothing outside of an open dialog can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  return isCopied;
}
