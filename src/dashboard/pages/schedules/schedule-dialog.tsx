import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { useAsked } from '../../hooks/use-asked.ts';
import { graphql, type Json } from '../../client/graphql.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, Input, Select } from '../../parts/field.tsx';
import { Loading } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { SchemaForm } from '../../parts/schema-form.tsx';
import { check } from '../../parts/schema-form/check.ts';
import { issuesBelow, issuesIn, issuesLeft, writePath } from '../../parts/schema-form/issue.ts';
import { useWrong } from '../../parts/schema-form/use-wrong.ts';
import { initialValue } from '../../parts/schema-form/value.ts';
import { toast } from '../../parts/toasts.tsx';
import { draftOf, restOf, specOf } from './schedule-draft.ts';
import { type Schedule, titleOf } from './schedule-fields.ts';
import { createSchedule, updateSchedule } from './schedule-mutations.ts';
import { missedWords, overlapWords } from './schedule-words.ts';
import styles from './schedules.module.css';
import { WhenFields } from './when-fields.tsx';

const schedulable = graphql(`
  query SchedulableDefinitions {
    definitions {
      name
      canEnqueue
      inputType
      inputSchema
    }
  }
`);

/** Makes a schedule, or changes one. */
export function ScheduleDialog({
  schedule,
  onClose,
}: {
  /** The one to change. */
  readonly schedule?: Schedule;
  readonly onClose: () => void;
}) {
  const [first] = useState(() => draftOf(schedule));
  const [draft, setDraft] = useState(first);
  const { data, error: unread } = useAsked({ query: schedulable });
  const [created, create] = useMutation(createSchedule);
  const [updated, update] = useMutation(updateSchedule);
  const { fetching, error } = schedule === undefined ? created : updated;
  const definitions = data?.definitions.filter(({ canEnqueue }) => canEnqueue) ?? [];
  const definition = data?.definitions.find(({ name }) => name === draft.definition);
  const schema = definition?.inputSchema ?? undefined;
  const hasInput = schedule !== undefined ? schedule.input !== null : definition?.inputType != null;
  // What was filled in for another definition is there again for who comes back to it.
  const [inputs, setInputs] = useState<Readonly<Record<string, unknown>>>(() =>
    schedule === undefined ? {} : { [schedule.definition]: schedule.input },
  );
  const input = inputs[draft.definition] ?? (schema === undefined ? {} : initialValue(schema, schema));
  const found = hasInput ? check(input, schema ?? {}) : [];
  // What is there already may not be right any more.
  const [isTried, setTried] = useState(schedule !== undefined);
  const [sent, setSent] = useState<unknown>();
  const told = issuesIn(error);
  const inputIssues = [
    ...(isTried ? found : []),
    ...issuesBelow(issuesLeft(told, { input: sent }, { input }), 'input'),
  ];
  const [form, goToWrong] = useWrong();
  const issues = told.map(({ path, message }) => ({ path: writePath(path), message }));
  const errorAt = (path: string): string | undefined => {
    const found = issues.filter((issue) => issue.path === path || issue.path.startsWith(`${path}.`));
    const words = found.map((issue) => `${issue.path.slice(path.length + 1)} ${issue.message}`.trim());
    return words.length === 0 ? undefined : words.join(' ');
  };
  const set = (changes: Partial<typeof draft>): void => setDraft({ ...draft, ...changes });
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (found.length > 0) return goToWrong();
    const spec = specOf(draft);
    // What the form makes is JSON, which is all that gets past the check.
    const rest = { ...restOf(draft), input: hasInput ? (input as Json) : null };
    setSent(input);
    if (schedule === undefined) {
      const { error } = await create({ definition: draft.definition, schedule: spec, ...rest });
      if (error !== undefined) return goToWrong();
      toast(`${rest.name ?? draft.definition} is scheduled.`);
    } else {
      // The same times given anew would count from now.
      const isSame = JSON.stringify(spec) === JSON.stringify(specOf(first));
      const { error } = await update({
        id: schedule.id,
        schedule: isSame ? null : spec,
        ...rest,
        priority: rest.priority ?? 0,
      });
      if (error !== undefined) return goToWrong();
      toast(`${rest.name ?? titleOf(schedule)} is changed.`);
    }
    onClose();
  };
  return (
    <Dialog
      title={schedule === undefined ? 'New schedule' : `Edit ${titleOf(schedule)}`}
      isWide
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button tone="primary" type="submit" form="schedule" isBusy={fetching}>
            {schedule === undefined ? 'Create' : 'Save'}
          </Button>
        </>
      }
    >
      <form ref={form} id="schedule" className={styles['form']} onSubmit={(event) => void submit(event)}>
        <Problem error={unread} />
        <div className={styles['row']}>
          <Field label="Definition" isRequired error={errorAt('definition')}>
            {(control) => (
              <Select
                {...control}
                required
                disabled={schedule !== undefined}
                value={draft.definition}
                onChange={({ target }) => set({ definition: target.value })}
              >
                <option value="">Choose one</option>
                {schedule !== undefined && <option>{schedule.definition}</option>}
                {schedule === undefined && definitions.map(({ name }) => <option key={name}>{name}</option>)}
              </Select>
            )}
          </Field>
          <Field label="Name" error={errorAt('name')}>
            {(control) => (
              <Input
                {...control}
                maxLength={64}
                required={schedule !== undefined && schedule.name !== null}
                placeholder="what it is called"
                value={draft.name}
                onChange={({ target }) => set({ name: target.value })}
              />
            )}
          </Field>
        </div>
        <WhenFields draft={draft} onChange={set} errorAt={errorAt} />
        {draft.definition !== '' && data === undefined && unread === undefined && <Loading lines={3} />}
        {hasInput && (data !== undefined || unread !== undefined) && (
          <fieldset className={styles['fields']}>
            <legend>Input</legend>
            <SchemaForm
              key={draft.definition}
              schema={schema}
              value={input}
              onChange={(next) => setInputs({ ...inputs, [draft.definition]: next })}
              issues={inputIssues}
              kept={schedule === undefined ? undefined : { from: 'that it has', value: schedule.input }}
            />
          </fieldset>
        )}
        <div className={styles['row']}>
          <Field label="Overlap" hint="While an earlier task has not ended.">
            {(control) => (
              <Choice
                control={control}
                words={overlapWords}
                value={draft.overlap}
                onChange={(overlap) => set({ overlap })}
              />
            )}
          </Field>
          <Field label="Missed" hint="While no process was there.">
            {(control) => (
              <Choice
                control={control}
                words={missedWords}
                value={draft.missed}
                onChange={(missed) => set({ missed })}
              />
            )}
          </Field>
        </div>
        <div className={styles['row']}>
          <Field label="Priority" hint="Seconds of head start: -600 to 600." error={errorAt('priority')}>
            {(control) => (
              <Input
                {...control}
                type="number"
                step={1}
                min={-600}
                max={600}
                value={draft.priority}
                onChange={({ target }) => set({ priority: target.value })}
              />
            )}
          </Field>
          <Field label="Tags" hint="With commas between them." error={errorAt('tags')}>
            {(control) => (
              <Input {...control} value={draft.tags} onChange={({ target }) => set({ tags: target.value })} />
            )}
          </Field>
        </div>
        <Problem error={error} />
      </form>
    </Dialog>
  );
}

function Choice<Value extends string>({
  control,
  words,
  value,
  onChange,
}: {
  readonly control: { readonly id: string; readonly 'aria-describedby': string | undefined };
  readonly words: Readonly<Record<Value, string>>;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}) {
  // Its options are the keys of `words`, which are its values.
  const values = Object.keys(words) as Value[];
  return (
    <Select
      {...control}
      value={value}
      onChange={({ target }) => {
        const chosen = values.find((one) => one === target.value);
        if (chosen !== undefined) onChange(chosen);
      }}
    >
      {values.map((one) => (
        <option key={one} value={one}>
          {words[one]}
        </option>
      ))}
    </Select>
  );
}
