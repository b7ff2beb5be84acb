import { Empty, Page } from '../parts/page.tsx';

export default function EnqueuePage() {
  return (
    <Page title="Enqueue">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
