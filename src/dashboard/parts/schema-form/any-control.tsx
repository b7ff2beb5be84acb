import { type KeyboardEvent, use, useRef } from 'react';
import { Button, IconButton } from '../button.tsx';
import { Input, Select } from '../field.tsx';
import { type ControlProps, effective } from './control.ts';
import { Frame, Group } from './frame.tsx';
import { type Issue, issuesBelow, issuesHere } from './issue.ts';
import { KeptFrom, KeptSecret } from './kept-secret.tsx';
import { originalItems } from './original.ts';
import { withoutSecrets } from './secret.ts';
import { type Schema, type Shape, shapeOf } from './shape.ts';
import { BooleanControl, ChoiceControl, JsonControl, NumberControl } from './simple-controls.tsx';
import { TextControl } from './text-control.tsx';
import { moved, useItemIds } from './use-item-ids.ts';
import { useNextFocus } from './use-next-focus.ts';
import { useTyping } from './use-typing.ts';
import {
  fits,
  initialItem,
  initialValue,
  isJsonObject,
  type JsonObject,
  valueAt,
  withProperty,
  writeJson,
} from './value.ts';
import styles from './schema-form.module.css';

type AnyProps = Omit<ControlProps, 'shape'> & { readonly schema: Schema };

/** The control that a part of a schema asks for. */
export function AnyControl(props: AnyProps) {
  const from = use(KeptFrom);
  const shape = shapeOf(props.schema, props.root);
  const control = <ControlOf {...props} />;
  if (from === undefined || !shape.isSecret) return control;
  return (
    <KeptSecret {...props} shape={shape} from={from}>
      {control}
    </KeptSecret>
  );
}

function ControlOf({ schema, ...props }: AnyProps) {
  const shape = shapeOf(schema, props.root);
  const { title, description, isNullable, isSecret } = shape;
  const { isTyping, ...typing } = useTyping();
  if (!fits(props.value, shape) || isTyping) {
    const about = { title, description, default: shape.default, isNullable, isSecret };
    return (
      // While one types in it, it stays, also where what there is fits by now.
      <div {...typing}>
        <JsonControl {...props} shape={{ ...about, kind: 'json', isObject: false }} />
      </div>
    );
  }
  switch (shape.kind) {
    case 'text':
      return <TextControl {...props} shape={shape} />;
    case 'number':
      return <NumberControl {...props} shape={shape} />;
    case 'boolean':
      return <BooleanControl {...props} shape={shape} />;
    case 'choice':
      return <ChoiceControl {...props} shape={shape} />;
    case 'list':
      return <ListControl {...props} shape={shape} />;
    case 'object':
    case 'one-of':
      return <ObjectControl {...props} shape={shape} schema={schema} />;
    case 'json':
      return <JsonControl {...props} shape={shape} />;
  }
}

/** The names that have a control in an object's. */
export function placesOf(
  { properties }: Extract<Shape, { readonly kind: 'object' | 'one-of' }>,
  value: JsonObject,
): readonly string[] {
  return [...properties.map(([name]) => name), ...Object.keys(value)];
}

/** The controls of an object's properties. */
export function Properties({
  shape,
  root,
  value,
  onChange,
  issues,
  original,
}: Pick<ControlProps<'object' | 'one-of'>, 'shape' | 'root' | 'issues' | 'original'> & {
  readonly value: JsonObject;
  readonly onChange: (value: JsonObject) => void;
}) {
  const names = shape.properties.map(([name]) => name);
  const unknown = Object.entries(value).filter(([name]) => !names.includes(name));
  const list = useRef<HTMLDivElement>(null);
  const focusNext = useNextFocus();
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the keys are those of its fields
    <div ref={list} className={styles['properties']} onKeyDown={keepFromSubmitting}>
      {shape.properties.map(([name, schema]) => (
        <AnyControl
          key={name}
          name={name}
          schema={schema}
          root={root}
          value={value[name]}
          onChange={(next) => onChange(withProperty(value, name, next, names))}
          isRequired={shape.required.has(name)}
          issues={issuesBelow(issues, name)}
          original={valueAt(original, [name])}
        />
      ))}
      {unknown.map(([name, held], index) => (
        <Unknown
          key={name}
          name={name}
          root={root}
          value={held}
          onChange={() => {
            focusNext(() => list.current?.children[names.length + index] ?? list.current?.lastElementChild);
            onChange(withProperty(value, name, undefined, names));
          }}
          isRequired={false}
          issues={issuesBelow(issues, name)}
        />
      ))}
    </div>
  );
}

/** Nothing is sent by a key that was meant for a field. */
function keepFromSubmitting(event: KeyboardEvent): void {
  const isSending = event.ctrlKey || event.metaKey;
  if (event.key === 'Enter' && !isSending && event.target instanceof HTMLInputElement) event.preventDefault();
}

/** What the type has no field for, as it may be of an older version of it: it can only be taken away. */
function Unknown(props: Omit<ControlProps, 'shape'>) {
  const { name, value, onChange } = props;
  return (
    <Frame
      {...props}
      shape={unknownShape}
      hint="There is no such field, or not any more. The API takes none that it does not know: remove it."
    >
      {(described) => (
        <div className={styles['line']}>
          <Input {...described} className="mono" readOnly value={JSON.stringify(value) ?? writeJson(value)} />
          <Button icon="trash" aria-label={`Remove ${name}`} onClick={onChange}>
            Remove
          </Button>
        </div>
      )}
    </Frame>
  );
}

const noWords = { title: undefined, description: undefined, default: undefined, isNullable: false };
const unknownShape = { ...noWords, kind: 'json', isObject: false, isSecret: false } as const;

/** An object: there where it must be, else once one adds it, so that types which contain themselves end somewhere. */
function ObjectControl({
  schema,
  ...props
}: ControlProps<'object' | 'one-of'> & { readonly schema: Schema }) {
  const { name, shape, root, onChange, isRequired, issues, original } = props;
  const place = useRef<HTMLDivElement>(null);
  const focusNext = useNextFocus();
  const value = effective(props);
  const isOpen = isJsonObject(value);
  const shown = isOpen ? placesOf(shape, value) : [];
  return (
    <Group
      {...props}
      ref={place}
      issues={issuesHere(issues, shown)}
      aside={
        !isRequired &&
        isOpen && (
          <span className={styles['tool']}>
            <IconButton
              icon="trash"
              label={`Remove ${name}`}
              onClick={() => {
                focusNext(() => place.current?.lastElementChild);
                onChange(shape.default === undefined ? undefined : null);
              }}
            />
          </span>
        )
      }
    >
      {!isOpen ? (
        <Button
          icon="enqueue"
          className={styles['add'] ?? ''}
          onClick={() => {
            focusNext(() => place.current?.lastElementChild);
            onChange(initialValue({ ...schema, default: undefined }, root));
          }}
        >
          Add {name}
        </Button>
      ) : shape.kind === 'one-of' ? (
        <OneOf {...props} value={value} />
      ) : (
        <Properties
          shape={shape}
          root={root}
          value={value}
          onChange={onChange}
          issues={issues}
          original={original}
        />
      )}
    </Group>
  );
}

/** Which one it is, and its control. */
function OneOf({
  name,
  shape,
  root,
  value,
  onChange,
  issues,
  original,
}: Omit<ControlProps<'object' | 'one-of'>, 'value'> & { readonly value: JsonObject }) {
  const [chosen] = Object.keys(value);
  const property = shape.properties.find(([name]) => name === chosen);
  const choose = (name: string): void => {
    const [, schema] = shape.properties.find(([known]) => known === name) ?? [];
    if (schema !== undefined) onChange({ [name]: initialItem(schema, root) });
  };
  return (
    <div className={styles['properties']}>
      <Frame
        name={`Which of ${name}`}
        shape={unknownShape}
        value={chosen}
        onChange={onChange}
        isRequired
        issues={noIssues}
      >
        {(described) => (
          <Select {...described} value={chosen ?? ''} onChange={({ target }) => choose(target.value)}>
            {property === undefined && (
              <option value="" disabled>
                Choose one
              </option>
            )}
            {shape.properties.map(([name]) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Frame>
      {property !== undefined && (
        <AnyControl
          key={property[0]}
          name={property[0]}
          schema={property[1]}
          root={root}
          value={value[property[0]]}
          onChange={(next) => onChange({ [property[0]]: next })}
          isRequired
          issues={issuesBelow(issues, property[0])}
          original={valueAt(original, [property[0]])}
        />
      )}
    </div>
  );
}

const noIssues: readonly Issue[] = [];

/** A list, whose items are added, moved and removed by buttons. */
function ListControl(props: ControlProps<'list'>) {
  const { name, shape, root, onChange, isRequired, issues, original } = props;
  const value = effective(props);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const originals = originalItems(items, original, (item) => withoutSecrets(item, shape.items, root));
  const [ids, setIds] = useItemIds(items.length);
  const place = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const focusNext = useNextFocus();
  const add = (): void => {
    focusNext(() => list.current?.lastElementChild);
    onChange([...items, initialItem(shape.items, root)]);
  };
  const move = (from: number, to: number): void => {
    const tool = to < from ? 0 : 1;
    focusNext(() => {
      const tools = list.current?.children[to]?.lastElementChild;
      // At an end there is only the way back.
      const button = tools?.children[tool];
      return button?.matches(':disabled') === true ? tools?.children[1 - tool] : button;
    });
    setIds(moved(ids, from, to));
    onChange(moved(items, from, to));
  };
  const remove = (index: number): void => {
    focusNext(
      () =>
        list.current?.children[index]?.lastElementChild?.lastElementChild ?? place.current?.lastElementChild,
    );
    setIds(ids.filter((_, at) => at !== index));
    onChange(items.filter((_, at) => at !== index));
  };
  const canUnset = !isRequired && shape.default === undefined && Array.isArray(value);
  return (
    <Group
      {...props}
      ref={place}
      issues={issuesHere(issues, [...items.keys()])}
      aside={
        canUnset && (
          <span className={styles['tool']}>
            <IconButton icon="trash" label={`Remove ${name}`} onClick={() => onChange(undefined)} />
          </span>
        )
      }
    >
      {items.length > 0 && (
        <ol ref={list} className={styles['items']}>
          {items.map((item, index) => (
            <li key={ids[index]} className={styles['item']}>
              <AnyControl
                name={`${name} ${index + 1}`}
                schema={shape.items}
                root={root}
                value={item}
                onChange={(next) => onChange(items.map((old, at) => (at === index ? next : old)))}
                isRequired={!shapeOf(shape.items, root).isNullable}
                issues={issuesBelow(issues, index)}
                original={originals[index]}
              />
              <div className={styles['tools']}>
                <IconButton
                  icon="up"
                  label={`Move ${name} ${index + 1} up`}
                  disabled={index === 0}
                  onClick={() => move(index, index - 1)}
                />
                <IconButton
                  icon="down"
                  label={`Move ${name} ${index + 1} down`}
                  disabled={index === items.length - 1}
                  onClick={() => move(index, index + 1)}
                />
                <IconButton
                  icon="close"
                  label={`Remove ${name} ${index + 1}`}
                  onClick={() => remove(index)}
                />
              </div>
            </li>
          ))}
        </ol>
      )}
      <Button icon="enqueue" className={styles['add'] ?? ''} aria-label={`Add to ${name}`} onClick={add}>
        Add
      </Button>
    </Group>
  );
}
