import type { OutputFieldMap, OutputType } from './output.ts';
import type { FindLeaf } from './serialize.ts';

/**
 * Gives an output of wire JSON the types that it has in code: a Date for its text. What an older version of the
 * definition returned, and a scalar doesn't take, stays as it is.
 */
export function parseFromWire(wire: unknown, fields: OutputFieldMap, findLeaf: FindLeaf): unknown {
  if (typeof wire !== 'object' || wire === null) return wire;
  return Object.fromEntries(
    Object.entries(wire).map(([name, value]) => [
      name,
      Object.hasOwn(fields, name) && fields[name] ? parse(value, fields[name].type, findLeaf) : value,
    ]),
  );
}

function parse(wire: unknown, type: OutputType, findLeaf: FindLeaf): unknown {
  if (wire === null || wire === undefined) return wire;
  switch (type.kind) {
    case 'object':
      return parseFromWire(wire, type.fields, findLeaf);
    case 'list':
      return Array.isArray(wire) ? wire.map((item) => parse(item, type.item, findLeaf)) : wire;
    case 'enum':
      return wire;
    default:
      try {
        return findLeaf(type.name).coerceInputValue(wire);
      } catch {
        return wire;
      }
  }
}
