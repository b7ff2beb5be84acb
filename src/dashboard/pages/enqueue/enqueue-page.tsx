import { useAsked } from '../../hooks/use-asked.ts';
import { Link, useSearch } from 'wouter';
import { graphql } from '../../client/graphql.ts';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Loading, Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Prose } from '../../parts/prose.tsx';
import { EnqueueForm } from './enqueue-form.tsx';
import { useOriginal } from './use-original.ts';
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

/** The form of a definition; with `?replay=ID` it is filled in as a task of it was. */
export function EnqueuePage({ name }: { readonly name: string }) {
  const replay = new URLSearchParams(useSearch()).get('replay') ?? undefined;
  const { data, error } = useAsked({ query: definitionQuery, variables: { name } });
  const { original, isAbsent, error: unread } = useOriginal(replay, name);
  const definition = data?.definition;
  return (
    <Page
      title={`${replay === undefined ? 'Enqueue' : 'Replay'} ${name}`}
      lead={
        <span className={styles['lead']}>
          {replay === undefined ? (
            <Link href="/enqueue">All definitions</Link>
          ) : (
            <span>
              Of <Link href={`/tasks/${encodeURIComponent(replay)}`}>{replay}</Link>
            </span>
          )}
          {definition && (
            <span>
              <Icon name="queues" size={14} /> {definition.queue}
            </span>
          )}
        </span>
      }
    >
      <Problem error={error ?? unread} />
      {isAbsent ? (
        <Empty title={`There is no task of ${name} with this id that you may see.`}>
          <Link href={`/enqueue/${encodeURIComponent(name)}`}>To the empty form</Link>
        </Empty>
      ) : data === undefined || (replay !== undefined && original === undefined) ? (
        error === undefined && unread === undefined && <Loading label="Loading the definition" lines={6} />
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
          <EnqueueForm
            key={`${definition.name} ${replay ?? ''}`}
            definition={definition}
            original={original}
          />
        </>
      ) : (
        <Empty title={`You may not enqueue ${name}.`}>
          <Link href="/enqueue">To those that you may</Link>
        </Empty>
      )}
    </Page>
  );
}
