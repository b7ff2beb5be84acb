import {
  getNamedType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredInputField,
  parse,
  print,
} from 'graphql';
import { generatedNames } from '../definition/names.ts';
import type { CompiledDefinition } from '../definition/types.ts';

/** Operations to try first. */
export interface Example {
  /** The definition's name. */
  readonly name: string;
  /** Enqueues a task. */
  readonly mutation: string;
  /** The mutation's variables, with an input that the definition takes. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Follows a task by its `$id`. */
  readonly subscription: string;
}

/** Writes operations for the first definition that takes a made-up input; undefined where none does. */
export async function exampleOf(
  schema: GraphQLSchema,
  definitions: ReadonlyMap<string, CompiledDefinition>,
): Promise<Example | undefined> {
  for (const [name, compiled] of definitions) {
    const type = schema.getType(generatedNames(name).types.input);
    if (!isInputObjectType(type)) return write(schema, name, {});
    for (const input of candidates(type)) {
      // A definition's own rules may refuse what its types allow.
      const isValid = await compiled.coerceInput(input).then(
        () => true,
        () => false,
      );
      if (isValid) return write(schema, name, { input });
    }
  }
  return undefined;
}

function write(schema: GraphQLSchema, name: string, variables: Example['variables']): Example {
  const { types, mutations, subscriptions } = generatedNames(name);
  const suffix = name.charAt(0).toUpperCase() + name.slice(1);
  const [declared, passed] =
    'input' in variables ? [`($input: ${types.input}!)`, '(input: $input)'] : ['', ''];
  const output = schema.getType(types.output);
  const result = isObjectType(output) ? `output ${selection(output)}` : '';
  return {
    name,
    variables,
    mutation: format(`mutation Enqueue${suffix}${declared} {
      ${mutations.enqueue}${passed} { task { id status } }
    }`),
    subscription: format(`subscription Follow${suffix}($id: ID!) {
      ${subscriptions.updated}(id: $id) {
        status
        progress { fraction message }
        ${result}
        failure { code message }
      }
    }`),
  };
}

function format(text: string): string {
  return `${print(parse(text))}\n`;
}

/** Selects everything in an output, however deep: its types are trees. */
function selection(type: GraphQLObjectType): string {
  const fields = Object.values(type.getFields()).map(({ name, type }) => {
    const inner = getNamedType(type);
    return isObjectType(inner) ? `${name} ${selection(inner)}` : name;
  });
  return `{ ${fields.join(' ')} }`;
}

const samples: Readonly<Record<string, unknown>> = {
  Int: 3,
  Float: 1.5,
  String: 'Hello',
  Boolean: true,
  ID: 'a1',
  DateTimeISO: '2030-01-01T12:00:00.000Z',
  LocalDate: '2030-01-01',
  LocalTime: '12:00:00',
  Duration: 'PT1M',
  TimeZone: 'Europe/Berlin',
  URL: 'https://example.org/',
  EmailAddress: 'ada@example.org',
  PhoneNumber: '+491701234567',
  UUID: '3f2b1f60-6f0a-4a7e-9d7b-0f6f2f0c9a11',
  IP: '127.0.0.1',
  NonEmptyString: 'Hello',
  HexColorCode: '#1f6feb',
  CountryCode: 'DE',
  Currency: 'EUR',
  Locale: 'en-GB',
  Latitude: 52.5,
  Longitude: 13.4,
  JSON: { a: 1 },
  JSONObject: { a: 1 },
};

/** Where the name of a field tells more than its type. */
const samplesByName: Readonly<Record<string, unknown>> = {
  csv: 'city,celsius\nBerlin,21.5\nOslo,17\nRome,29\nOslo,15.5\n',
};

/** Inputs to try: what is required, then that and one of the other fields ("this or that"), then everything. */
function candidates(type: GraphQLInputObjectType): object[] {
  const required = sampleFields(type, isRequiredInputField);
  const optional = Object.values(type.getFields()).filter((field) => !isRequiredInputField(field));
  return [
    required,
    ...optional.map((one) => ({ ...required, ...sampleFields(type, (field) => field === one) })),
    sampleFields(type, () => true),
  ];
}

function sampleFields(type: GraphQLInputObjectType, isWanted: (field: GraphQLInputField) => boolean): object {
  const fields = Object.values(type.getFields());
  const chosen = type.isOneOf ? fields.slice(0, 1) : fields.filter(isWanted);
  return Object.fromEntries(chosen.map(({ name, type }) => [name, samplesByName[name] ?? sample(type)]));
}

/** A value of a type, as JSON, with no more in it than it needs. */
function sample(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sample(type.ofType);
  if (isListType(type)) return [sample(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) return sampleFields(type, isRequiredInputField);
  return samples[type.name] ?? 1;
}
