import { Empty, Page } from '../parts/page.tsx';

export default function AuditPage() {
  return (
    <Page title="Audit">
      <Empty title="Nothing here so far." />
    </Page>
  );
}
