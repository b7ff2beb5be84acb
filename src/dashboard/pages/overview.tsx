import { Empty, Page } from '../parts/page.tsx';

export default function OverviewPage() {
  return (
    <Page title="Overview">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
