import { useId, useState } from 'react';
import { secretText } from '../client/secret-text.ts';
import { Prose } from './prose.tsx';
import { TextArea } from './field.tsx';
import { placesOf, Properties } from './schema-form/any-control.tsx';
import { messageOf } from './schema-form/control.ts';
import { type Issue, issuesHere } from './schema-form/issue.ts';
import { KeptFrom } from './schema-form/kept-secret.tsx';
import { coverSecrets, uncoverSecrets } from './schema-form/secret.ts';
import { type Schema, shapeOf } from './schema-form/shape.ts';
import { useText } from './schema-form/use-text.ts';
import { isJsonObject, readJson, Unreadable, writeJson } from './schema-form/value.ts';
import styles from './schema-form/schema-form.module.css';

/**
 * A form made from the JSON Schema of an input, or the same as JSON. The value is what one would send: what isn't set isn't
 * in it. `check` says what can be known to be wrong with it, `issues` what is shown to be, each at its place.
 */
export function SchemaForm(props: SchemaFormProps) {
  return (
    <KeptFrom value={props.kept?.from}>
      <Editor {...props} />
    </KeptFrom>
  );
}

interface SchemaFormProps {
  /** Undefined where nothing is known of what it has to be: then there is JSON alone. */
  readonly schema: Schema | undefined;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** With paths that begin at the value. */
  readonly issues: readonly Issue[];
  /** What secrets keep that are left as they are; unless given, there is nothing to keep. */
  readonly kept?: Kept | undefined;
}

/** What an edited value was, secrets covered, and whose that is in words: `of the original`. */
export interface Kept {
  readonly from: string;
  readonly value: unknown;
}

function Editor(props: SchemaFormProps) {
  const { schema = anything, value, onChange, issues, kept } = props;
  const [tab, setTab] = useState<'form' | 'json'>('form');
  const shape = shapeOf(schema, schema);
  if (shape.kind !== 'object' && shape.kind !== 'one-of') return <AsJson {...props} />;
  const isReadable = isJsonObject(value);
  const whole = messageOf(issuesHere(issues, isReadable ? placesOf(shape, value) : []));
  const shown = isReadable ? tab : 'json';
  return (
    <div className={styles['form']}>
      <div className={styles['tabs']} role="group" aria-label="Edit as">
        <button
          type="button"
          aria-pressed={shown === 'form'}
          disabled={!isReadable}
          title={isReadable ? undefined : 'First the JSON has to be an object.'}
          onClick={() => setTab('form')}
        >
          Form
        </button>
        <button type="button" aria-pressed={shown === 'json'} onClick={() => setTab('json')}>
          JSON
        </button>
      </div>
      {shape.description !== undefined && (
        <p className={styles['hint']}>
          <Prose text={shape.description} />
        </p>
      )}
      {shown === 'form' && isReadable ? (
        <>
          {whole !== undefined && (
            <p className={styles['error']} tabIndex={-1} data-wrong role="alert">
              {whole}
            </p>
          )}
          {shape.properties.length === 0 && <p className="faint">It has no fields.</p>}
          <Properties
            shape={shape}
            root={schema}
            value={value}
            onChange={onChange}
            issues={issues}
            original={kept?.value}
          />
        </>
      ) : (
        <AsJson {...props} />
      )}
    </div>
  );
}

/** The whole value as text. Secrets are covered in it, and stay what they are as long as they are left so. */
function AsJson({ schema = anything, value, onChange, issues, kept }: SchemaFormProps) {
  const id = useId();
  // What the text was written from: each keystroke is read against that, as what stands between two of them may be anything.
  const [before, setBefore] = useState(value);
  const write = (value: unknown): string =>
    writeJson(value instanceof Unreadable ? value : coverSecrets(value, schema, schema));
  const read = (text: string): unknown => uncoverSecrets(readJson(text) ?? {}, before, schema, schema);
  const [text, setText, isTyped] = useText(value, write, read);
  if (!isTyped && before !== value) setBefore(value);
  const message = messageOf(issues);
  return (
    <div className={styles['frame']}>
      <label htmlFor={id} className="unseen">
        Input as JSON
      </label>
      <TextArea
        id={id}
        rows={Math.min(30, Math.max(10, text.split('\n').length + 1))}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-invalid={message !== undefined}
        aria-describedby={`${id}-about`}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          onChange(read(target.value));
        }}
      />
      <div id={`${id}-about`} className={styles['about']}>
        {message !== undefined && <p className={styles['error']}>{message}</p>}
        {kept !== undefined && text.includes(`"${secretText}"`) && (
          <p className={styles['hint']}>
            What says <code>"{secretText}"</code> is not shown. As it came here it keeps the value {kept.from}
            .
          </p>
        )}
      </div>
    </div>
  );
}

const anything: Schema = {};
