import { useAsked } from '../../hooks/use-asked.ts';
import { Link } from 'wouter';
import { graphql } from '../../client/graphql.ts';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Loading, Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Prose } from '../../parts/prose.tsx';
import { EnqueueForm } from './enqueue-form.tsx';
import styles from './enqueue-form.module.css';

const definitionQuery = graphql(`
  query EnqueueDefinition($name: String!) {
    definition(name: $name) {
      name
      description
      queue
      inputType
      inputSchema
      mutation
      maxAttempts
      canEnqueue
    }
  }
`);

/** The form of a definition. */
export function EnqueuePage({ name }: { readonly name: string }) {
  const [{ data, error }] = useAsked({ query: definitionQuery, variables: { name } });
  const definition = data?.definition;
  return (
    <Page
      title={`Enqueue ${name}`}
      lead={
        <span className={styles['lead']}>
          <Link href="/enqueue">All definitions</Link>
          {definition && (
            <span>
              <Icon name="queues" size={14} /> {definition.queue}
            </span>
          )}
        </span>
      }
    >
      <Problem error={error} />
      {data === undefined ? (
        error === undefined && <Loading label="Loading the definition" lines={6} />
      ) : definition === null || definition === undefined ? (
        <Empty title={`There is no definition ${name}.`}>
          <Link href="/enqueue">To those that there are</Link>
        </Empty>
      ) : definition.canEnqueue ? (
        <>
          {definition.description !== null && (
            <p className={styles['description']}>
              <Prose text={definition.description} />
            </p>
          )}
          <EnqueueForm key={definition.name} definition={definition} />
        </>
      ) : (
        <Empty title={`You may not enqueue ${name}.`}>
          <Link href="/enqueue">To those that you may</Link>
        </Empty>
      )}
    </Page>
  );
}
