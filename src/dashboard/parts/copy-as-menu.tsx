import { endpoint } from '../client/endpoint.ts';
import type { Operation } from '../client/enqueue-operation.ts';
import { asCurl, asGraphql } from '../client/operation-text.ts';
import { useViewer } from '../client/viewer.tsx';
import { copyText } from './copy-button.tsx';
import type { IconName } from './icon.tsx';
import { Menu } from './menu.tsx';
import { toast } from './toasts.tsx';

/** What can be copied. */
export interface Copyable {
  /** What it does: `enqueue it again`. */
  readonly does: string;
  readonly icon: IconName;
  /** It is a subscription. */
  readonly follows?: boolean;
  /** Made when it is wanted; undefined where there is none, which has been told. */
  readonly operation: () => Operation | undefined;
  /** What whoever uses it has to know. */
  readonly note?: (operation: Operation) => string | undefined;
}

/** Copies what does the same without this page: an operation, or a command that sends it. The token is never part of it. */
export function CopyAsMenu({ items }: { readonly items: readonly Copyable[] }) {
  const { isAnonymous } = useViewer();
  const copy = async ({ operation, note, follows = false }: Copyable, isCurl: boolean): Promise<void> => {
    const made = operation();
    if (made === undefined) return;
    const text = isCurl
      ? asCurl(made, { url: endpoint('http'), hasToken: !isAnonymous, follows })
      : asGraphql(made);
    const what = isCurl
      ? 'a command for a shell'
      : `the ${follows ? 'subscription' : 'mutation'}, with its variables`;
    const more = note?.(made);
    if (await copyText(text)) toast(`Copied: ${what}.${more === undefined ? '' : ` ${more}`}`);
  };
  return (
    <Menu
      label="Copy as"
      icon="code"
      items={[false, true].flatMap((isCurl) =>
        items.map((item) => ({
          label: `${isCurl ? 'curl' : 'GraphQL'}: ${item.does}`,
          icon: item.icon,
          onSelect: () => void copy(item, isCurl),
        })),
      )}
    />
  );
}
