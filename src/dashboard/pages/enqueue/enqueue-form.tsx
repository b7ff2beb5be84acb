import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { useLocation, useSearch } from 'wouter';
import { basePath } from '../../client/endpoint.ts';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Panel } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { SchemaForm } from '../../parts/schema-form.tsx';
import { Properties } from '../../parts/schema-form/any-control.tsx';
import { check } from '../../parts/schema-form/check.ts';
import { type Issue, issuesBelow, issuesIn, issuesLeft } from '../../parts/schema-form/issue.ts';
import { type Schema, shapeOf } from '../../parts/schema-form/shape.ts';
import { initialValue } from '../../parts/schema-form/value.ts';
import { toast } from '../../parts/toasts.tsx';
import { type Draft, draftOf, keepDraft, linkTo } from './draft.ts';
import { type Enqueued, enqueueOperation } from './operation.ts';
import { optionsSchema } from './options-schema.ts';
import styles from './enqueue-form.module.css';

/** Fills in the input and the options of a task, and enqueues it. */
export function EnqueueForm({
  definition,
}: {
  readonly definition: {
    readonly name: string;
    readonly mutation: string;
    readonly inputType: string | null;
    readonly inputSchema: Schema | null;
  };
}) {
  const { name, inputSchema } = definition;
  const client = useClient();
  const [, navigate] = useLocation();
  const search = useSearch();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>(() => draftOf(name, inputSchema, search));
  const [isTried, setTried] = useState(false);
  const [told, setTold] = useState<readonly Issue[]>([]);
  const [error, setError] = useState<CombinedError>();
  const [isBusy, setBusy] = useState(false);
  const [refusals, setRefusals] = useState(0);
  const found = checkDraft(draft, inputSchema);
  const issues = isTried ? [...found, ...told] : told;
  const optionIssues = issuesBelow(issues, 'options');

  useEffect(() => {
    if (refusals > 0) focusFirstWrong(form.current);
  }, [refusals]);

  const change = (next: Draft): void => {
    setTold(issuesLeft(told, draft, next));
    setDraft(next);
    keepDraft(name, next, inputSchema);
  };

  const enqueue = async (): Promise<void> => {
    if (isBusy) return;
    setTried(true);
    setError(undefined);
    setTold([]);
    if (found.length > 0) return setRefusals(refusals + 1);
    setBusy(true);
    const { query, variables } = enqueueOperation(definition, draft.input, draft.options);
    const { data, error } = await client.mutation<Enqueued>(query, variables).toPromise();
    setBusy(false);
    if (data !== undefined && error === undefined) {
      if (data.m.deduplicated) toast('No new task: this one stands for what you enqueued.');
      navigate(`/tasks/${encodeURIComponent(data.m.task.id)}`);
      return;
    }
    const wrong = issuesIn(error);
    const placed = wrong.filter(({ path: [first] }) => first === 'input' || first === 'options');
    setTold(placed);
    // What is told at each place needs no telling twice.
    setError(placed.length > 0 && placed.length === wrong.length ? undefined : error);
    setRefusals(refusals + 1);
  };

  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      void enqueue();
    } else if (event.target instanceof HTMLInputElement) {
      // A task isn't enqueued by a key that was meant for a field.
      event.preventDefault();
    }
  };

  const options = shapeOf(optionsSchema, optionsSchema);
  const hasFields = inputSchema !== null;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys are those of its fields
    <form
      ref={form}
      className={styles['form']}
      noValidate
      aria-label={`Enqueue ${name}`}
      onKeyDown={onKey}
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
            />
          ) : (
            <p className="soft">
              {definition.inputType === null ? 'It takes no input.' : 'You may not see what it takes.'}
            </p>
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
          {hasFields && (
            <CopyButton label="Copy link to this form as it is filled in, without secrets" text={linkOf}>
              Copy link
            </CopyButton>
          )}
          <Button
            tone="quiet"
            onClick={() => {
              const empty = { input: emptyOf(inputSchema), options: {} };
              setTried(false);
              setTold([]);
              setError(undefined);
              setDraft(empty);
              keepDraft(name, empty, inputSchema);
            }}
          >
            Clear
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

function focusFirstWrong(form: HTMLFormElement | null): void {
  const wrong = form?.querySelector<HTMLElement>('[aria-invalid="true"], [data-wrong]');
  wrong?.focus();
}
