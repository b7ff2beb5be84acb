import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import type { Issue } from '../errors.ts';
import { badLiterals, literalsRule } from '../graphql/literals.ts';

/** Far more than people write; it also bounds how deep a document is nested. */
const mostTokens = 1000;

const mostDocuments = 500;
/** Longer than what people and tools write. Its document takes some twenty times as much. */
const mostCharacters = 16_384;

/** What clients send again and again, parsed and validated once; bounded in number and in size, whatever is sent. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #hideSuggestions: boolean;
  readonly #documents = new Map<string, DocumentNode>();
  /** Those without errors. What can't run isn't sent again and again. */
  readonly #valid = new WeakSet<DocumentNode>();

  constructor(schema: GraphQLSchema, hideSuggestions: boolean) {
    this.#schema = schema;
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
    const document = parsed(text);
    if (text.length > mostCharacters) return document;
    this.#documents.set(text, document);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > mostDocuments && oldest !== undefined) this.#documents.delete(oldest);
    return document;
  }

  /** By GraphQL's rules; a bad value in the document is answered like a bad variable. */
  validate(document: DocumentNode): readonly GraphQLError[] {
    if (this.#valid.has(document)) return [];
    const issues: Issue[] = [];
    const literals = literalsRule((issue) => issues.push(issue));
    const rules = specifiedRules.map((rule) => (rule === ValuesOfCorrectTypeRule ? literals : rule));
    const found = validate(this.#schema, document, rules, { hideSuggestions: this.#hideSuggestions });
    const errors = issues.length === 0 ? found : [...found, badLiterals(issues)];
    if (errors.length === 0) this.#valid.add(document);
    for (const { extensions } of errors) {
      if (extensions['code'] === undefined) Object.assign(extensions, refused('GRAPHQL_VALIDATION_FAILED'));
    }
    return errors;
  }
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: mostTokens });
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
