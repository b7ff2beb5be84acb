import { Empty, Page } from '../parts/page.tsx';

export default function TasksPage() {
  return (
    <Page title="Tasks">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
