/**
 * Where a text came from: what an API or a program answers (which may hold a token that it has just made, for whoever asked
 * for it), or what it logs (which may hold none).
 */
export type Kind = 'answer' | 'log';

/** A secret that was found where it may not be. */
export interface Leak {
  readonly what: string;
  readonly kind: Kind;
  readonly where: string;
  /** What stands around it, without it. */
  readonly around: string;
}

interface Secret {
  readonly what: string;
  readonly forms: readonly string[];
  /** How many answers may hold it, and how many have. */
  answers: number;
  seen: number;
}

/** Whatever looks like one of these is a secret, whoever made it; the first group, if any, is what is secret. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  [/\btw[kw]_[\w.-]{20,}/g, 'something like a token'],
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g, 'something like a JWT'],
  [/\w:\/\/[^\s:@/"'\\]*:(?!\*\*\*@)([^\s@/"'\\]+)@/g, 'something like a password in a URL'],
];

/** The newest secrets are looked for: a file of tests asks nothing of those of the files before it. */
const mostSecrets = 100;
/** As much is kept of each kind, for secrets that are told of after they were seen. */
const keptCharacters = 512 * 1024;
/** The longest secret that is found where it is cut in two. */
const overlap = 1_024;

/** Looks for secrets in texts as they come. Holds little, and searches each text once. */
export class Leaks {
  readonly found: Leak[] = [];
  readonly #secrets: Map<string, Secret> = new Map();
  readonly #tails: WeakMap<object, string> = new WeakMap();
  readonly #kept: Record<Kind, Piece[]> = { answer: [], log: [] };
  readonly #keptSizes: Record<Kind, number> = { answer: 0, log: 0 };

  /** From now on, and where it was seen a moment ago: it may stand in so many answers, and in no log. */
  register(
    secret: string,
    { what = 'a secret', answers = 0 }: { what?: string; answers?: number } = {},
  ): void {
    if (secret.length < 8) throw new Error(`too short to be told from other words: ${what}`);
    const known = this.#secrets.get(secret);
    if (known !== undefined) {
      known.answers = Math.max(known.answers, answers);
      return;
    }
    const forms = new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
    const one = { what, forms: [...forms], answers, seen: 0 };
    this.#secrets.set(secret, one);
    const [oldest] = this.#secrets.keys();
    if (this.#secrets.size > mostSecrets && oldest !== undefined) this.#secrets.delete(oldest);
    for (const kind of ['answer', 'log'] as const)
      for (const piece of this.#kept[kind]) this.#search(piece, kind, [one]);
  }

  /** The next part of what comes from a source. */
  see(source: object, kind: Kind, where: string, text: string): void {
    const tail = this.#tails.get(source) ?? '';
    const piece = { text: tail + text, from: tail.length, where };
    this.#tails.set(source, piece.text.slice(-overlap));
    this.#keep(kind, piece);
    this.#search(piece, kind, this.#secrets.values());
    if (kind === 'log') this.#searchPatterns(piece);
  }

  #keep(kind: Kind, piece: Piece): void {
    const kept = this.#kept[kind];
    kept.push(piece);
    this.#keptSizes[kind] += piece.text.length;
    while (this.#keptSizes[kind] > keptCharacters) this.#keptSizes[kind] -= kept.shift()?.text.length ?? 0;
  }

  #search(piece: Piece, kind: Kind, secrets: Iterable<Secret>): void {
    for (const secret of secrets) {
      const form = secret.forms.find((form) => piece.text.indexOf(form, piece.from - form.length + 1) !== -1);
      if (form === undefined) continue;
      if (kind === 'answer') secret.seen += 1;
      if (kind === 'log' || secret.seen > secret.answers) this.#add(secret.what, kind, piece, form);
    }
  }

  #searchPatterns(piece: Piece): void {
    for (const [pattern, what] of secretPatterns) {
      for (const match of piece.text.matchAll(pattern)) {
        if (match.index + match[0].length <= piece.from) continue;
        this.#add(what, 'log', piece, match[1] ?? match[0]);
      }
    }
  }

  #add(what: string, kind: Kind, { text, where }: Piece, form: string): void {
    const at = text.indexOf(form);
    const around = text.slice(Math.max(0, at - 160), at + form.length + 80).replaceAll(form, '█');
    this.found.push({ what, kind, where, around });
  }
}

/** A text, of which what stands before `from` was searched already. */
interface Piece {
  readonly text: string;
  readonly from: number;
  readonly where: string;
}
