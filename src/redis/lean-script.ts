/** A local of the outermost block that only defines something: where nothing uses it, it can go. */
const definition = /^local (\w+)(?: = (?:function\b|\{|root\b).*)?$/;

/** The name of a key or channel: a function of one argument, or a text. */
const keyName = /^local (\w+(?:Key|Channel)) = (?:function\((\w+)\) return (root .*)\2 end|(root .*))$/;

/**
 * Makes a script cheap to begin: Redis runs its whole text at each call, and each local function costs, the more
 * the more others there are. So the names of keys are written where they are used, and what isn't used goes, and so
 * do comments. Understands Lua as it is written here: what begins at the start of a line is a statement of the
 * outermost block, and a definition of a key is one line.
 */
export function leanScript(source: string): string {
  let kept = statementsOf(withKeys(source.replaceAll(/^ *--.*\n/gm, '')));
  for (;;) {
    const words = new Set(kept.flatMap(({ uses }) => uses));
    const next = kept.filter(({ defines }) => defines === undefined || words.has(defines));
    if (next.length === kept.length) return kept.map(({ text }) => text).join('\n');
    kept = next;
  }
}

/** The script with each name of a key written out: `taskKey(id)` as `(root .. ':task:' .. id)`. */
function withKeys(source: string): string {
  let script = source;
  for (const line of source.split('\n')) {
    const [, name, , start, text] = keyName.exec(line) ?? [];
    if (name === undefined) continue;
    // Straight from where Redis puts it.
    const [begin, whole] = [start, text].map((part) => part?.replace(/^root\b/, 'KEYS[1]'));
    const [before = '', after = ''] = script.split(line);
    const use = new RegExp(String.raw`\b${name}\b`);
    const written = (part: string): string => {
      const at = part.search(use);
      if (at === -1) return part;
      const end = at + name.length;
      const head = part.slice(0, at);
      if (whole !== undefined) return `${head}(${whole})${written(part.slice(end))}`;
      const close = closing(part, end);
      const [argument, rest] = [part.slice(end + 1, close), part.slice(close + 1)].map(written);
      return `${head}(${begin}(${argument}))${rest}`;
    };
    script = `${before}${written(after)}`;
  }
  return script;
}

/** Where the parenthesis ends that begins at a place. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`expected the name of a key to be called: ${text.slice(from, from + 40)}`);
}

interface Statement {
  readonly text: string;
  /** The name of what it defines, where it does nothing else. */
  readonly defines: string | undefined;
  /** Every word in it but that name. */
  readonly uses: readonly string[];
}

function statementsOf(source: string): Statement[] {
  const texts: string[][] = [];
  for (const line of source.split('\n')) {
    if (line.trim() === '') continue;
    const goesOn = /^(\s|end\b|else|until\b|[)}\]])/.test(line);
    if (goesOn && texts.length > 0) texts.at(-1)?.push(line);
    else texts.push([line]);
  }
  return texts.map((lines) => {
    const text = lines.join('\n');
    const defines = definition.exec(lines[0] ?? '')?.[1];
    // A function that calls itself is used by others, or not at all.
    const uses = (text.match(/\w+/g) ?? []).filter((word) => word !== defines);
    return { text, defines, uses };
  });
}
