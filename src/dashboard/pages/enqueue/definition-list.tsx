import { useState } from 'react';
import { useAsked } from '../../hooks/use-asked.ts';
import { Link, useLocation } from 'wouter';
import { graphql } from '../../client/graphql.ts';
import { Input } from '../../parts/field.tsx';
import { Icon } from '../../parts/icon.tsx';
import { onEnter } from '../../parts/on-enter.ts';
import { Empty, Loading, Page, Panel } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Prose } from '../../parts/prose.tsx';
import { matches } from './matches.ts';
import styles from './definition-list.module.css';

const definitionsQuery = graphql(`
  query EnqueueDefinitions {
    definitions {
      name
      description
      queue
      canEnqueue
    }
  }
`);

/** The definitions whose tasks one may enqueue. */
export function DefinitionList() {
  const { data, error } = useAsked({ query: definitionsQuery });
  const [search, setSearch] = useState('');
  const [, navigate] = useLocation();
  const offered = data?.definitions.filter(({ canEnqueue }) => canEnqueue) ?? [];
  const found = offered.filter((definition) => matches(definition, search));
  return (
    <Page title="Enqueue" lead="Which task? Its form is made from the schema of its input.">
      <Problem error={error} />
      {data === undefined ? (
        error === undefined && <Loading label="Loading the definitions" lines={6} />
      ) : (
        <>
          <div className={styles['search']}>
            <Icon name="search" />
            <Input
              type="search"
              aria-label="Search definitions"
              placeholder="Search by name, description or queue"
              value={search}
              autoComplete="off"
              onChange={({ target }) => setSearch(target.value)}
              onKeyDown={onEnter(() => {
                const [first] = found;
                if (first !== undefined) navigate(pathOf(first));
              })}
            />
          </div>
          <Panel>
            {found.length === 0 ? (
              <Empty
                title={offered.length === 0 ? 'There is nothing you may enqueue.' : 'None is like that.'}
              >
                {offered.length === 0 && 'The API has no definition that lets you.'}
              </Empty>
            ) : (
              <ul className={styles['list']}>
                {found.map(({ name, description, queue }) => (
                  <li key={name}>
                    <Link href={pathOf({ name })} className={styles['row']}>
                      <span className={styles['name']}>{name}</span>
                      <span className={styles['queue']} title="Its queue">
                        <Icon name="queues" size={14} /> {queue}
                      </span>
                      {description !== null && (
                        <span className={styles['description']}>
                          <Prose text={description} />
                        </span>
                      )}
                      <span className={styles['go']}>
                        <Icon name="chevron" />
                      </span>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
        </>
      )}
    </Page>
  );
}

function pathOf({ name }: { readonly name: string }): string {
  return `/enqueue/${encodeURIComponent(name)}`;
}
