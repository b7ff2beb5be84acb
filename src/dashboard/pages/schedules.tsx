import { Empty, Page } from '../parts/page.tsx';

export default function SchedulesPage() {
  return (
    <Page title="Schedules">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
