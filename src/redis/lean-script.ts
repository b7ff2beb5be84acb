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
  const statements = statementsOf(withKeys(source.replaceAll(/^ *--.*\n/gm, '')));
  const definitions = Map.groupBy(statements, ({ defines }) => defines);
  const used = new Set<Statement>();
  const keep = (statement: Statement): void => {
    if (used.has(statement)) return;
    used.add(statement);
    for (const [word] of statement.text.matchAll(/[a-z]\w*/gi)) definitions.get(word)?.forEach(keep);
  };
  definitions.get(undefined)?.forEach(keep);
  return statements
    .filter((statement) => used.has(statement))
    .map(({ text }) => text)
    .join('\n');
}

/** The script with each name of a key written out: `taskKey(id)` as `(root .. ':task:' .. id)`. */
function withKeys(source: string): string {
  const keys = new Map<string, { readonly begin: string; readonly isWhole: boolean }>();
  const rest = source.split('\n').filter((line) => {
    const [, name, , start, text] = keyName.exec(line) ?? [];
    const begin = start ?? text;
    if (name === undefined || begin === undefined) return true;
    // Straight from where Redis puts it.
    keys.set(name, { begin: begin.replace(/^root\b/, 'KEYS[1]'), isWhole: start === undefined });
    return false;
  });
  const written = (part: string): string => {
    let [text, from] = ['', 0];
    for (const { 0: name, index } of part.matchAll(/\b\w+(?:Key|Channel)\b/g)) {
      const key = keys.get(name);
      // What is within the one before is written already.
      if (key === undefined || index < from) continue;
      const end = index + name.length;
      const close = key.isWhole ? end - 1 : closing(part, end);
      const argument = key.isWhole ? '' : `(${written(part.slice(end + 1, close))})`;
      text += `${part.slice(from, index)}(${key.begin}${argument})`;
      from = close + 1;
    }
    return text + part.slice(from);
  };
  return written(rest.join('\n'));
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

/** A statement of the outermost block, with all of its lines. */
export interface Statement {
  readonly text: string;
  /** The name of what it defines, where it does nothing else. */
  readonly defines: string | undefined;
}

/** The statements of a script's outermost block. */
export function statementsOf(source: string): Statement[] {
  const texts: string[][] = [];
  for (const line of source.split('\n')) {
    if (line.trim() === '') continue;
    const goesOn = /^(\s|end\b|else|until\b|[)}\]])/.test(line);
    if (goesOn && texts.length > 0) texts.at(-1)?.push(line);
    else texts.push([line]);
  }
  return texts.map((lines) => ({
    text: lines.join('\n'),
    defines: definition.exec(lines[0] ?? '')?.[1],
  }));
}
