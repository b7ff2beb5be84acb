import type { DocumentNode } from 'graphql';

/** Documents that clients send again and again, parsed; bounded in number and in size, whatever is sent. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document === undefined) return undefined;
    // A map keeps the order of insertion: the first one is the one that was unused for longest.
    this.#documents.delete(text);
    this.#documents.set(text, document);
    return document;
  }

  set(text: string, document: DocumentNode): void {
    if (text.length > mostCharacters) return;
    this.#documents.set(text, document);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > mostDocuments && oldest !== undefined) this.#documents.delete(oldest);
  }
}

const mostDocuments = 500;
/** Longer than what people and tools write. Its document takes some twenty times as much. */
const mostCharacters = 16_384;
