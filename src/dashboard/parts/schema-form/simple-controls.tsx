import { Input, Select, TextArea } from '../field.tsx';
import { type ControlProps, effective } from './control.ts';
import { Frame } from './frame.tsx';
import { emptied, isSame, readJson, readNumber, writeJson } from './value.ts';
import { useText } from './use-text.ts';
import styles from './schema-form.module.css';

/** A number, as a text of which the check says whether it is one. */
export function NumberControl(props: ControlProps<'number'>) {
  const { shape, onChange, isRequired } = props;
  const read = (text: string) => (text.trim() === '' ? emptied(shape, isRequired) : readNumber(text));
  const write = (value: unknown) =>
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
  const [text, setText] = useText(effective(props), write, read);
  return (
    <Frame {...props} hint={rangeOf(shape)}>
      {(described) => (
        <Input
          {...described}
          className={styles['number'] ?? ''}
          inputMode={shape.isWhole && (shape.min ?? -1) >= 0 ? 'numeric' : 'text'}
          autoComplete="off"
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            onChange(read(target.value));
          }}
        />
      )}
    </Frame>
  );
}

/** Which numbers it takes, unless that is any of its type. */
function rangeOf({ min, max, above }: ControlProps<'number'>['shape']): string | undefined {
  const isTold = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < 2_147_483_647;
  if (above !== undefined) return `More than ${above}${isTold(max) ? `, at most ${max}` : ''}.`;
  if (isTold(min) && isTold(max)) return `${min} to ${max}.`;
  if (isTold(min)) return `At least ${min}.`;
  return isTold(max) ? `At most ${max}.` : undefined;
}

/** True, false, or not set where it may be left out. */
export function BooleanControl(props: ControlProps<'boolean'>) {
  const { name, shape, onChange, isRequired } = props;
  const current = effective(props);
  const unset = {
    value: shape.isNullable && shape.default !== undefined ? null : undefined,
    label: 'not set',
  };
  const choices = [
    { value: true, label: 'true' },
    { value: false, label: 'false' },
    ...(isRequired || (shape.default !== undefined && !shape.isNullable) ? [] : [unset]),
  ];
  return (
    <Frame {...props}>
      {({ id, ...described }) => (
        <div
          {...described}
          aria-required={undefined}
          aria-invalid={undefined}
          role="radiogroup"
          aria-label={name}
          className={styles['switch']}
        >
          {choices.map(({ value, label }, index) => {
            const isChosen = value === undefined ? current === undefined : current === value;
            return (
              <label key={label}>
                <input
                  type="radio"
                  id={index === 0 ? id : undefined}
                  name={id}
                  aria-label={label}
                  data-wrong={described['aria-invalid'] || undefined}
                  checked={isChosen}
                  onChange={() => onChange(value)}
                />
                <span>{label}</span>
              </label>
            );
          })}
        </div>
      )}
    </Frame>
  );
}

/** One of a set of values, with what each means. */
export function ChoiceControl(props: ControlProps<'choice'>) {
  const { shape, onChange, isRequired } = props;
  const current = effective(props);
  const mayBeUnset = !isRequired && (shape.default === undefined || shape.isNullable);
  const chosen = shape.choices.findIndex(({ value }) => isSame(value, current));
  const isUnknown = chosen === -1 && current !== undefined && current !== null;
  return (
    <Frame {...props}>
      {(described) => (
        <Select
          {...described}
          value={chosen === -1 ? '' : String(chosen)}
          onChange={({ target }) => {
            const choice = target.value === '' ? undefined : shape.choices[Number(target.value)];
            onChange(choice === undefined ? (shape.default === undefined ? undefined : null) : choice.value);
          }}
        >
          {(mayBeUnset || chosen === -1) && (
            <option value="" disabled={!mayBeUnset}>
              {isUnknown
                ? `${writeJson(current)} – there is no such value`
                : mayBeUnset
                  ? 'not set'
                  : 'Choose one'}
            </option>
          )}
          {shape.choices.map(({ value, description }, index) => (
            <option key={String(value)} value={index}>
              {String(value)}
              {description !== undefined && ` – ${description}`}
            </option>
          ))}
        </Select>
      )}
    </Frame>
  );
}

/** Any JSON, as text. */
export function JsonControl(props: ControlProps<'json'>) {
  const { shape, onChange } = props;
  const [text, setText] = useText(effective(props), writeJson, readJson);
  return (
    <Frame {...props} hint={shape.isObject ? 'A JSON object.' : 'JSON: a text stands in "quotes".'}>
      {(described) => (
        <TextArea
          {...described}
          rows={Math.min(16, Math.max(3, text.split('\n').length))}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder={shape.isObject ? '{ }' : undefined}
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            onChange(readJson(target.value));
          }}
        />
      )}
    </Frame>
  );
}
