import { GraphQLError } from 'graphql';

/** The first errors of many; the last of those says in its `extensions.omitted` how many more there are. */
export function fewErrors(errors: readonly GraphQLError[], most: number): readonly GraphQLError[] {
  const last = errors[most - 1];
  if (errors.length <= most || last === undefined) return errors;
  const { message, nodes, source, positions, path, cause } = last;
  const extensions = { ...last.extensions, omitted: errors.length - most };
  return [
    ...errors.slice(0, most - 1),
    new GraphQLError(message, { nodes, source, positions, path, cause, extensions }),
  ];
}
