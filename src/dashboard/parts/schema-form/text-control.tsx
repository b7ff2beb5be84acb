import { type ComponentProps, useId, useState } from 'react';
import { IconButton } from '../button.tsx';
import { Input, TextArea } from '../field.tsx';
import { instant, localTime } from '../local-time.ts';
import { TimeZones } from '../time-zones.tsx';
import { type ControlProps, effective } from './control.ts';
import { type Described, Frame } from './frame.tsx';
import { emptied } from './value.ts';
import styles from './schema-form.module.css';

/** A text: on one line or more, hidden where it is secret, with a fitting control where its format has one. */
export function TextControl(props: ControlProps<'text'>) {
  const { shape, onChange, isRequired } = props;
  const { isSecret, format, title } = shape;
  const value = effective(props);
  const text = typeof value === 'string' ? value : '';
  const set = (text: string) => onChange(text === '' ? emptied(shape, isRequired) : text);
  const hint = isSecret ? undefined : hintOf(format);
  return (
    <Frame {...props} hint={hint}>
      {(described) => {
        const field = { described, text, set };
        if (isSecret) return <Secret {...field} name={props.name} />;
        if (format === 'date-time' && (text === '' || isWholeSecond(text))) return <Moment {...field} />;
        if (format === 'time-zone') return <TimeZone {...field} />;
        const type = format === undefined ? undefined : inputTypes[format];
        if (type !== undefined) return <Line {...field} type={type} />;
        if (format !== undefined || title === 'ID') return <Line {...field} type="text" />;
        return <Text {...field} name={props.name} />;
      }}
    </Frame>
  );
}

interface TextField {
  readonly described: Described;
  readonly text: string;
  readonly set: (text: string) => void;
}

const inputTypes: Readonly<Record<string, ComponentProps<'input'>['type']>> = {
  email: 'email',
  uri: 'url',
  date: 'date',
};

function hintOf(format: string | undefined): string | undefined {
  if (format === 'date-time')
    return `In your time zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
  return undefined;
}

const plain = { autoComplete: 'off', autoCapitalize: 'off', spellCheck: false } as const;

function Line({ described, text, set, ...rest }: TextField & ComponentProps<'input'>) {
  return (
    <Input {...plain} {...rest} {...described} value={text} onChange={({ target }) => set(target.value)} />
  );
}

/** One line, or as many as one asks for. */
function Text({ described, text, set, name }: TextField & { readonly name: string }) {
  const [isLong, setLong] = useState(false);
  const hasLines = text.includes('\n');
  return (
    <div className={styles['line']}>
      {isLong || hasLines ? (
        <TextArea
          {...described}
          rows={Math.min(16, Math.max(4, text.split('\n').length + 1))}
          value={text}
          onChange={({ target }) => set(target.value)}
        />
      ) : (
        <Input {...plain} {...described} value={text} onChange={({ target }) => set(target.value)} />
      )}
      {!hasLines && (
        <IconButton
          icon={isLong ? 'up' : 'menu'}
          label={isLong ? `${name} on one line` : `${name} on more lines`}
          aria-pressed={isLong}
          onClick={() => setLong(!isLong)}
        />
      )}
    </div>
  );
}

function Secret({ described, text, set, name }: TextField & { readonly name: string }) {
  const [isShown, setShown] = useState(false);
  return (
    <div className={styles['line']}>
      <Input
        {...plain}
        {...described}
        type={isShown ? 'text' : 'password'}
        autoComplete="new-password"
        value={text}
        onChange={({ target }) => set(target.value)}
      />
      <IconButton
        icon={isShown ? 'hide' : 'show'}
        label={isShown ? `Hide ${name}` : `Show ${name}`}
        aria-pressed={isShown}
        onClick={() => setShown(!isShown)}
      />
    </div>
  );
}

function Moment({ described, text, set }: TextField) {
  return (
    <Input
      {...described}
      type="datetime-local"
      step={1}
      value={localTime(text)}
      onChange={({ target }) => set(instant(target.value) ?? '')}
    />
  );
}

function TimeZone({ described, text, set }: TextField) {
  const list = useId();
  return (
    <>
      <Input
        {...plain}
        {...described}
        list={list}
        placeholder="Europe/Berlin"
        value={text}
        onChange={({ target }) => set(target.value)}
      />
      <TimeZones id={list} />
    </>
  );
}

/** Whether a control of dates shows all of it. */
function isWholeSecond(text: string): boolean {
  return /^\d{4}-/.test(text) && Date.parse(text) % 1000 === 0;
}
