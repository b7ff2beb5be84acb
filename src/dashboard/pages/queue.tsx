import { Empty, Page } from '../parts/page.tsx';

export default function QueuePage() {
  return (
    <Page title="Queue">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
