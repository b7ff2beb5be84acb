import { DefinitionList } from './enqueue/definition-list.tsx';
import { EnqueuePage } from './enqueue/enqueue-page.tsx';

/** What can be enqueued, or the form of one of them. */
export default function Enqueue({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const { name } = params;
  return name === undefined ? <DefinitionList /> : <EnqueuePage key={name} name={name} />;
}
