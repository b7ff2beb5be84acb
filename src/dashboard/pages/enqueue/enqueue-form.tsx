import { type FormEvent, useEffect, useEffectEvent, useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { useLocation, useSearch } from 'wouter';
import { basePath } from '../../client/endpoint.ts';
import type { Json } from '../../client/graphql.ts';
import { Button } from '../../parts/button.tsx';
import { CopyAsMenu } from '../../parts/copy-as-menu.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { JsonTree } from '../../parts/json-tree.tsx';
import { Panel } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { SchemaForm } from '../../parts/schema-form.tsx';
import { Properties } from '../../parts/schema-form/any-control.tsx';
import { check } from '../../parts/schema-form/check.ts';
import { type Issue, issuesBelow, issuesIn, issuesLeft } from '../../parts/schema-form/issue.ts';
import { nameSecrets } from '../../parts/schema-form/secret.ts';
import { type Schema, shapeOf } from '../../parts/schema-form/shape.ts';
import { useWrong } from '../../parts/schema-form/use-wrong.ts';
import { initialValue, Unreadable, valueAt } from '../../parts/schema-form/value.ts';
import { toast } from '../../parts/toasts.tsx';
import { type Draft, draftOf, keepDraft, linkTo } from './draft.ts';
import { type Enqueued, enqueueOperation, operationToCopy } from './operation.ts';
import { optionsSchema } from './options-schema.ts';
import styles from './enqueue-form.module.css';

/** Fills in the input and the options of a task, and enqueues it; a task that is there, with another input. */
export function EnqueueForm({
  definition,
  original,
}: {
  readonly definition: {
    readonly name: string;
    readonly mutation: string;
    readonly inputType: string | null;
    readonly inputSchema: Schema | null;
  };
  /** What it is a replay of. Its secrets are shown to nobody, and kept where they are left as they are. */
  readonly original?: Original | undefined;
}) {
  const { name, inputSchema } = definition;
  const client = useClient();
  const [, navigate] = useLocation();
  const search = useSearch();
  const [form, goToWrong] = useWrong();
  const begin = (): Draft =>
    original === undefined
      ? draftOf(name, inputSchema, search)
      : { input: original.input ?? emptyOf(inputSchema), options: {} };
  const [draft, setDraft] = useState<Draft>(begin);
  // What is there already may not be right any more.
  const [isTried, setTried] = useState(original !== undefined);
  const [told, setTold] = useState<readonly Issue[]>([]);
  const [error, setError] = useState<CombinedError>();
  const [isBusy, setBusy] = useState(false);
  const target = { ...definition, replayOf: original?.id };
  const found = checkDraft(draft, inputSchema);
  const issues = isTried ? [...found, ...told] : told;
  const optionIssues = issuesBelow(issues, 'options');

  const keep = (next: Draft): void => {
    setDraft(next);
    if (original === undefined) keepDraft(name, next, inputSchema);
  };
  const change = (next: Draft): void => {
    setTold(issuesLeft(told, draft, next));
    keep(next);
  };

  const enqueue = async (): Promise<void> => {
    if (isBusy) return;
    setTried(true);
    setError(undefined);
    setTold([]);
    if (found.length > 0) return goToWrong();
    setBusy(true);
    const { query, variables } = enqueueOperation(target, draft.input, draft.options);
    const { data, error } = await client.mutation<Enqueued>(query, variables).toPromise();
    setBusy(false);
    if (data !== undefined && error === undefined) {
      if (data.m.deduplicated) toast('No new task: this one stands for what you enqueued.');
      else if (original !== undefined) toast('It is enqueued anew: this is the new one.');
      navigate(`/tasks/${encodeURIComponent(data.m.task.id)}`);
      return;
    }
    const wrong = issuesIn(error);
    const placed = wrong.filter(
      ({ path: [first] }) => first === 'options' || (first === 'input' && inputSchema !== null),
    );
    setTold(placed);
    // What is told at each place needs no telling twice.
    setError(placed.length > 0 && placed.length === wrong.length ? undefined : error);
    goToWrong();
  };

  const press = useEffectEvent((event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    if (event.defaultPrevented || event.repeat || document.querySelector('dialog[open]') !== null) return;
    // There the keys have a meaning of their own, such as to open a link in another tab.
    if (event.target instanceof Element && event.target.closest('a[href], summary, [role="menu"]')) return;
    event.preventDefault();
    void enqueue();
  });
  // Wherever the focus is: there may be no field to have it.
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => press(event);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  const copied = () => {
    const isHalf = ({ path }: Issue): boolean => valueAt(draft, path) instanceof Unreadable;
    if (found.some(isHalf)) {
      setTried(true);
      goToWrong();
      toast('Not copied: what is marked has to be JSON first.', 'bad');
      return undefined;
    }
    return operationToCopy(target, covered.value, draft.options);
  };
  const covered = nameSecrets(draft.input, inputSchema ?? {});
  const noteOf = (): string | undefined => {
    const { named } = covered;
    if (named.length === 0) return undefined;
    return `Secrets are not in it: put each in place of its "<secret of …>": ${named.join(', ')}.`;
  };

  const options = shapeOf(optionsSchema, optionsSchema);
  const hasFields = inputSchema !== null;
  return (
    <form
      ref={form}
      className={styles['form']}
      noValidate
      aria-label={`${original === undefined ? 'Enqueue' : 'Replay'} ${name}`}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void enqueue();
      }}
    >
      <Panel title="Input" aside={<span className="faint">{definition.inputType}</span>}>
        <div className={styles['body']}>
          {hasFields ? (
            <SchemaForm
              schema={inputSchema}
              value={draft.input}
              onChange={(input) => change({ ...draft, input })}
              issues={issuesBelow(issues, 'input')}
              kept={original === undefined ? undefined : { from: 'of the original', value: original.input }}
            />
          ) : (
            <>
              <p className="soft">
                {definition.inputType === null ? 'It takes no input.' : 'You may not see what it takes.'}
              </p>
              {original !== undefined && !isEmpty(original.input) && (
                <>
                  <p className="soft">That of the original:</p>
                  <JsonTree value={original.input} label="the input of the original" />
                </>
              )}
            </>
          )}
        </div>
      </Panel>
      <details
        className={styles['options']}
        open={optionIssues.length > 0 || Object.keys(draft.options).length > 0 || undefined}
      >
        <summary>
          Options <span className="faint">delay, priority, tags, idempotency key</span>
        </summary>
        {(options.kind === 'object' || options.kind === 'one-of') && (
          <div className={styles['body']}>
            <Properties
              shape={options}
              root={optionsSchema}
              value={draft.options}
              onChange={(options) => change({ ...draft, options })}
              issues={optionIssues}
            />
          </div>
        )}
      </details>
      <Problem error={error} />
      <div className={styles['submit']}>
        <Button type="submit" tone="primary" icon="enqueue" isBusy={isBusy}>
          Enqueue
        </Button>
        <kbd className="faint">{isMac ? '⌘' : 'Ctrl'} + Enter</kbd>
        <span className={styles['rest']}>
          <CopyAsMenu items={[{ does: 'enqueue it', icon: 'enqueue', operation: copied, note: noteOf }]} />
          {hasFields && original === undefined && (
            <CopyButton label="Copy link to this form as it is filled in, without secrets" text={linkOf}>
              Copy link
            </CopyButton>
          )}
          <Button
            tone="quiet"
            onClick={() => {
              setTried(original !== undefined);
              setTold([]);
              setError(undefined);
              keep(original === undefined ? { input: emptyOf(inputSchema), options: {} } : begin());
            }}
          >
            {original === undefined ? 'Clear' : 'As it was'}
          </Button>
        </span>
      </div>
    </form>
  );

  function linkOf(): string {
    const search = inputSchema === null ? '' : linkTo(draft.input, inputSchema);
    return new URL(`${basePath}enqueue/${encodeURIComponent(name)}${search}`, location.origin).href;
  }
}

/** A task that is to be enqueued once more. */
export interface Original {
  readonly id: string;
  /** With `"[secret]"` in place of what nobody is shown. */
  readonly input: Json;
}

function isEmpty(input: Json): boolean {
  return input === null || (typeof input === 'object' && Object.keys(input).length === 0);
}

const isMac = navigator.userAgent.includes('Mac');

function emptyOf(schema: Schema | null): unknown {
  return schema === null ? {} : initialValue(schema, schema);
}

function checkDraft({ input, options }: Draft, schema: Schema | null): readonly Issue[] {
  const below = (name: string, issues: readonly Issue[]) =>
    issues.map(({ path, message }) => ({ path: [name, ...path], message }));
  return [
    ...(schema === null ? [] : below('input', check(input, schema))),
    ...below('options', check(options, optionsSchema)),
  ];
}
