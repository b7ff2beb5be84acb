import { Empty, Page } from '../parts/page.tsx';

export default function WorkersPage() {
  return (
    <Page title="Workers">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
