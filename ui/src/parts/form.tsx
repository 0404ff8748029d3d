// A form made from the JSON Schema of what a route takes: what it may be, and why it is refused, are the server's words.
import './form.css';
import { useId } from 'preact/hooks';
import { texts } from '../core/text';
import { form } from '../text/form';
import type { ComponentChildren } from 'preact';

export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
  description?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export type Values = Readonly<Record<string, unknown>>;
/** What is wrong, by path ("settings.model"). */
export type Wrong = Readonly<Record<string, string>>;

interface ControlProps {
  name: string;
  path: string;
  schema: Schema;
  value: unknown;
  wrong: Wrong;
  disabled: boolean;
  onChange: (value: unknown) => void;
}

const words = texts(form);
const LONG = 500;
const kindsOf = (schema: Schema) => (Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : []);
const titled = (name: string) => name.replace(/_/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase().replace(/^./, (c) => c.toUpperCase());
const textOf = (value: unknown) => (value === null || value === undefined ? '' : String(value));

/** The refusal's details by their path. */
export const wrongOf = (details: unknown): Wrong => Object.fromEntries((Array.isArray(details) ? details : [])
  .map((one: { path?: string; message?: string }) => [one.path ?? '', one.message ?? '']));

function Labelled({ id, name, schema, wrong, children }: { id: string; name: string; schema: Schema; wrong: string | undefined; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{titled(name)}</label>
      {children}
      {(wrong ?? schema.description) && <p id={`${id}-about`} class={wrong ? 'wrong' : 'soft'} role={wrong ? 'alert' : undefined}>{wrong ?? schema.description}</p>}
    </div>
  );
}

function Choices({ name, schema, value, disabled, onChange }: ControlProps) {
  const all = (schema.items?.enum ?? []).map(String);
  const chosen = Array.isArray(value) ? value.map(String) : all;
  const turn = (one: string) => {
    const next = all.filter((each) => (each === one ? !chosen.includes(each) : chosen.includes(each)));
    onChange(next.length === all.length ? null : next);
  };
  return (
    <fieldset class="field" disabled={disabled}>
      <legend>{titled(name)}</legend>
      <div class="row wrap">{all.map((one) => (
        <label key={one} class="row"><input type="checkbox" checked={chosen.includes(one)} onChange={() => turn(one)} /><code>{one}</code></label>))}</div>
      {schema.description && <p class="soft">{schema.description}</p>}
    </fieldset>
  );
}

function Group({ name, path, schema, value, wrong, disabled, onChange }: ControlProps) {
  const inner = (value ?? {}) as Values;
  return (
    <fieldset class="field group" disabled={disabled}>
      <legend>{titled(name)}</legend>
      <label class="row"><input type="checkbox" checked={value != null} onChange={() => onChange(value == null ? {} : null)} />{schema.description ?? words('isSet')}</label>
      {value != null && <SchemaForm schema={schema} path={path} value={inner} wrong={wrong} disabled={disabled} onChange={onChange} />}
      {wrong[path] && <p class="wrong" role="alert">{wrong[path]}</p>}
    </fieldset>
  );
}

function Control(props: ControlProps) {
  const { name, path, schema, value, wrong, disabled, onChange } = props;
  const id = useId();
  const kinds = kindsOf(schema);
  const isWrong = wrong[path];
  const shared = { id, class: 'input', disabled, 'aria-invalid': isWrong ? true : undefined, 'aria-describedby': isWrong || schema.description ? `${id}-about` : undefined };
  if (schema.enum) {
    const options = schema.enum.filter((one) => one !== null).map(String);
    return (
      <Labelled id={id} name={name} schema={schema} wrong={isWrong}>
        <select {...shared} value={textOf(value)} onChange={(event) => onChange(event.currentTarget.value || null)}>
          {schema.enum.includes(null) && <option value="">{words('byDefault')}</option>}
          {options.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </Labelled>
    );
  }
  if (kinds.includes('boolean')) {
    return (
      <div class="field">
        <label class="row"><input type="checkbox" disabled={disabled} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />{titled(name)}</label>
        {(isWrong ?? schema.description) && <p class={isWrong ? 'wrong' : 'soft'}>{isWrong ?? schema.description}</p>}
      </div>
    );
  }
  if (kinds.includes('array') && schema.items?.enum) return <Choices {...props} />;
  if (kinds.includes('object')) return <Group {...props} />;
  if (kinds.includes('array')) {
    const lines = Array.isArray(value) ? value.map(String) : [];
    return (
      <Labelled id={id} name={name} schema={schema} wrong={isWrong}>
        <textarea {...shared} rows={2} placeholder={words('lines')} value={lines.join('\n')}
          onChange={(event) => onChange(event.currentTarget.value.split('\n').map((line) => line.trim()).filter(Boolean))} />
      </Labelled>
    );
  }
  const isNumber = kinds.includes('integer') || kinds.includes('number');
  const read = (text: string) => (text === '' ? null : isNumber ? Number(text) : text);
  return (
    <Labelled id={id} name={name} schema={schema} wrong={isWrong}>
      {!isNumber && (schema.maxLength ?? 0) > LONG
        ? <textarea {...shared} rows={3} maxLength={schema.maxLength} value={textOf(value)} onInput={(event) => onChange(read(event.currentTarget.value))} />
        : <input {...shared} {...(isNumber && { type: 'number' as const, min: schema.minimum, max: schema.maximum, step: kinds.includes('number') ? 'any' : 1 })}
            placeholder={words('byDefault')} value={textOf(value)} onInput={(event) => onChange(read(event.currentTarget.value))} />}
    </Labelled>
  );
}

/** The fields of an object. path: where it is in what is sent. */
export function SchemaForm({ schema, path = '', value, wrong, disabled = false, onChange }: {
  schema: Schema; path?: string; value: Values; wrong: Wrong; disabled?: boolean; onChange: (value: Values) => void;
}) {
  return (
    <div class="form">
      {Object.keys(schema.properties ?? {}).map((name) => (
        <Control key={name} name={name} path={path ? `${path}.${name}` : name} schema={schema.properties?.[name] ?? {}} value={value[name]} wrong={wrong}
          disabled={disabled} onChange={(next) => onChange({ ...value, [name]: next })} />))}
    </div>
  );
}
