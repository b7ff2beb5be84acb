import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import { badInput, givenVariables } from './variables.ts';

/** The header of a request that stands for `options.idempotencyKey`. */
export const keyHeader = 'Idempotency-Key';

/** What the `extensions` of a mutation's field say where it enqueues, so that the header is for it. */
export const enqueuesTasks = { enqueuesTasks: true } as const;

/** An operation that is about to run. */
interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The error of an operation for which one key is not enough, as it has several fields that enqueue. One that has
 * none may carry the header: clients and proxies add it to whatever they send.
 */
export function ambiguousKey({
  schema,
  document,
  operationName,
  variableValues,
}: Operation): GraphQLError | undefined {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'mutation') return undefined;
  const mutations = schema.getMutationType()?.getFields() ?? {};
  const walk = new RootFields(document, givenVariables(operation, variableValues ?? {}));
  walk.collect(operation.selectionSet);
  const enqueuing = [...walk.fields].filter(([, name]) => mutations[name]?.extensions['enqueuesTasks']);
  if (enqueuing.length < 2) return undefined;
  const names = enqueuing.map(([key]) => `\`${key}\``).join(', ');
  const message =
    `One key can't stand for several fields that enqueue: ${names}. ` +
    'Send each in a request of its own, or give each its own `options.idempotencyKey` and leave out the header.';
  return badInput("The header can't be used.", [{ path: [keyHeader], message }]);
}

/** The fields of an operation that will run: after `@skip` and `@include`, with those of fragments. */
class RootFields {
  /** Names by their response keys: the same key twice is one field. */
  readonly fields: Map<string, string> = new Map();
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Record<string, unknown>;
  readonly #visited: Set<string> = new Set();

  constructor({ definitions }: DocumentNode, variables: Record<string, unknown>) {
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
    this.#variables = variables;
  }

  collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!this.#isIncluded(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        this.fields.set(selection.alias?.value ?? selection.name.value, selection.name.value);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.collect(selection.selectionSet);
      } else if (!this.#visited.has(selection.name.value)) {
        this.#visited.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment !== undefined) this.collect(fragment.selectionSet);
      }
    }
  }

  #isIncluded({ directives = [] }: SelectionNode): boolean {
    return directives.every(({ name, arguments: given = [] }) => {
      const condition = given.find((argument) => argument.name.value === 'if')?.value;
      const isTrue = condition !== undefined && valueFromASTUntyped(condition, this.#variables) === true;
      return name.value === 'skip' ? !isTrue : name.value !== 'include' || isTrue;
    });
  }
}
