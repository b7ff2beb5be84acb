import { Empty, Page } from '../parts/page.tsx';

export default function QueuesPage() {
  return (
    <Page title="Queues">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
