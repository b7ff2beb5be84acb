import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoFragmentCyclesRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import type { Issue } from '../errors.ts';
import { hasScope, type Viewer } from '../auth/viewer.ts';
import { badLiterals, literalsRule } from '../graphql/literals.ts';
import { type Points, pointsOf, total } from './document-cost.ts';
import { shapesOf, tooLarge } from './document-shape.ts';
import { fewErrors } from './few-errors.ts';
import type { OperationLimits } from './operation-limits.ts';

const mostDocuments = 500;
/** Longer than what people and tools write. Its document takes some twenty times as much. */
const mostCharacters = 16_384;

/** What clients send again and again, parsed and validated once; bounded in number and in size, whatever is sent. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #limits: OperationLimits;
  readonly #hideSuggestions: boolean;
  readonly #documents = new Map<string, DocumentNode>();
  /** Those without errors. What can't run isn't sent again and again. */
  readonly #valid = new WeakSet<DocumentNode>();
  readonly #demands = new WeakMap<OperationDefinitionNode, Demand>();

  constructor(schema: GraphQLSchema, limits: OperationLimits, hideSuggestions: boolean) {
    this.#schema = schema;
    this.#limits = limits;
    this.#hideSuggestions = hideSuggestions;
  }

  /** @throws GraphQLError with the code GRAPHQL_PARSE_FAILED; a document of any size isn't even parsed */
  parse(text: string): DocumentNode {
    const known = this.#documents.get(text);
    if (known !== undefined) {
      // A map keeps the order of insertion: the first one is the one that was unused for longest. Where there are few, it
      // doesn't matter which.
      if (this.#documents.size > mostDocuments / 2) {
        this.#documents.delete(text);
        this.#documents.set(text, known);
      }
      return known;
    }
    const document = parsed(text, this.#limits.tokens);
    if (text.length > mostCharacters) return document;
    this.#documents.set(text, document);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > mostDocuments && oldest !== undefined) this.#documents.delete(oldest);
    return document;
  }

  /**
   * By its size first, then by GraphQL's rules; a bad value in the document is answered like a bad variable. What is
   * valid is so for everybody; suggestions are for a viewer who may read the schema anyway.
   */
  validate(document: DocumentNode, viewer?: Viewer): readonly GraphQLError[] {
    if (this.#valid.has(document)) return [];
    const errors = this.#sizeErrors(document) ?? this.#errors(document, viewer);
    if (errors.length === 0) this.#valid.add(document);
    for (const { extensions } of errors) {
      if (extensions['code'] === undefined) Object.assign(extensions, refused('GRAPHQL_VALIDATION_FAILED'));
    }
    return fewErrors(errors, this.#limits.errors);
  }

  /** Why a viewer may not run an operation of a valid document, which is decided before anything of it runs. */
  refusal(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    viewer: Viewer,
    variables: Readonly<Record<string, unknown>>,
  ): GraphQLError | undefined {
    const { introspects, points } = this.#demandOf(document, operation);
    if (introspects && !hasScope(viewer, 'schema:read')) return introspectionOff();
    const cost = total(points, variables);
    return cost > this.#limits.cost ? tooCostly(cost, this.#limits.cost) : undefined;
  }

  #demandOf(document: DocumentNode, operation: OperationDefinitionNode): Demand {
    const known = this.#demands.get(operation);
    if (known !== undefined) return known;
    const demand = {
      introspects: (shapesOf(document)?.get(operation)?.introspectionDepth ?? 0) > 0,
      points: pointsOf(this.#schema, document, operation),
    };
    this.#demands.set(operation, demand);
    return demand;
  }

  /** What keeps a document from being looked at any further: the rules take much longer, and more with its size. */
  #sizeErrors(document: DocumentNode): readonly GraphQLError[] | undefined {
    const shapes = shapesOf(document);
    if (shapes === undefined) return validate(this.#schema, document, [NoFragmentCyclesRule]);
    const error = tooLarge(shapes.values(), this.#limits);
    return error === undefined ? undefined : [error];
  }

  #errors(document: DocumentNode, viewer: Viewer | undefined): readonly GraphQLError[] {
    const issues: Issue[] = [];
    const literals = literalsRule((issue) => issues.push(issue));
    const rules = specifiedRules.map((rule) => (rule === ValuesOfCorrectTypeRule ? literals : rule));
    const hideSuggestions = this.#hideSuggestions || viewer === undefined || !hasScope(viewer, 'schema:read');
    const found = validate(this.#schema, document, rules, { hideSuggestions });
    return issues.length === 0 ? found : [...found, badLiterals(issues)];
  }
}

/** What an operation asks for, beside the answers of its fields. */
interface Demand {
  readonly introspects: boolean;
  readonly points: Points;
}

function parsed(text: string, maxTokens: number): DocumentNode {
  try {
    return parse(text, { maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { source, positions } = error;
    // A text in the document may be a secret, and nothing is known yet of what it is for.
    const message = error.message.replace(/(?<= (?:String|BlockString)) ".*(?=\.$)/s, '');
    throw new GraphQLError(message, { source, positions, extensions: refused('GRAPHQL_PARSE_FAILED') });
  }
}

/** GraphQL over HTTP: 400, but 200 for a client that accepts only application/json. */
function refused(code: string) {
  return { code, http: { status: 400, spec: true } };
}

function introspectionOff(): GraphQLError {
  return new GraphQLError(
    'The schema is told to viewers with the scope `schema:read` alone. Show a token that has it, or leave out `__schema` and `__type`.',
    { extensions: refused('INTROSPECTION_OFF') },
  );
}

function tooCostly(cost: number, limit: number): GraphQLError {
  const got = Math.ceil(cost);
  return new GraphQLError(
    `The operation is too costly: expected at most ${limit} points, got ${got}. Ask for shorter lists, or for parts of it in several operations.`,
    { extensions: { ...refused('TOO_COSTLY'), limit, got } },
  );
}
