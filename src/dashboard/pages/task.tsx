import { Empty, Page } from '../parts/page.tsx';

export default function TaskPage() {
  return (
    <Page title="Task">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
