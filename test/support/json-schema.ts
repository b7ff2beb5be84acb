type Schema = Readonly<Record<string, unknown>>;

/** Whether a JSON Schema allows a value, as far as the words go that ours are made of; formats say nothing. */
export function isAllowed(value: unknown, schema: Schema, root: Schema = schema): boolean {
  const has = (word: string) => schema[word] !== undefined;
  // Each word is as JSON Schema has it.
  const list = (word: string) => schema[word] as readonly Schema[];
  const allowed = (part: Schema) => isAllowed(value, part, root);
  if (has('$ref')) {
    const [, , name] = String(schema['$ref']).split('/');
    const target = name === undefined ? root : (root['$defs'] as Readonly<Record<string, Schema>>)[name];
    if (target === undefined || !isAllowed(value, target, root)) return false;
  }
  if (has('anyOf') && !list('anyOf').some(allowed)) return false;
  if (has('oneOf') && list('oneOf').filter(allowed).length !== 1) return false;
  if (has('const') && value !== schema['const']) return false;
  if (has('enum') && !(schema['enum'] as readonly unknown[]).includes(value)) return false;
  if (has('type') && ![schema['type']].flat().some((type) => isOfType(value, String(type)))) return false;
  if (typeof value === 'number') {
    if (has('minimum') && value < Number(schema['minimum'])) return false;
    if (has('maximum') && value > Number(schema['maximum'])) return false;
  }
  if (Array.isArray(value) && has('items')) {
    return value.every((item) => isAllowed(item, schema['items'] as Schema, root));
  }
  if (!isOfType(value, 'object')) return true;
  const entries = Object.entries(value as object);
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema['required'] ?? []) as readonly string[];
  if (required.some((name) => !entries.some(([given]) => given === name))) return false;
  return entries.every(([name, inner]) => {
    const property = properties[name];
    return property === undefined
      ? schema['additionalProperties'] !== false
      : isAllowed(inner, property, root);
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}
