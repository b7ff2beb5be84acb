import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** The fields of a selection, with those of its fragments; there are no circles in a valid document. */
export function* fieldsOf(document: DocumentNode, { selections }: SelectionSetNode): Generator<FieldNode> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) yield selection;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* fieldsOf(document, selection.selectionSet);
    else {
      const fragment = fragmentNamed(document, selection.name.value);
      if (fragment !== undefined) yield* fieldsOf(document, fragment.selectionSet);
    }
  }
}

/** The fields that a response's path leads to: several may have been merged into one. */
export function nodesAt(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  path: readonly (string | number)[],
): FieldNode[] {
  let sets: readonly SelectionSetNode[] = [operation.selectionSet];
  let found: FieldNode[] = [];
  for (const key of path.filter((key) => typeof key === 'string')) {
    found = sets
      .flatMap((set) => [...fieldsOf(document, set)])
      .filter(({ alias, name }) => (alias ?? name).value === key);
    sets = found.map(({ selectionSet }) => selectionSet).filter((set) => set !== undefined);
  }
  return found;
}

/** Whether any field below the root's takes arguments. */
export function hasInnerArguments(document: DocumentNode): boolean {
  return document.definitions.some((definition) => {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) return takesArguments(definition.selectionSet);
    if (definition.kind !== Kind.OPERATION_DEFINITION) return false;
    const roots = [...fieldsOf(document, definition.selectionSet)];
    return roots.some(({ selectionSet }) => selectionSet !== undefined && takesArguments(selectionSet));
  });
}

/** What fragments that it names hold is looked at where they are defined. */
function takesArguments({ selections }: SelectionSetNode): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return false;
    if (selection.kind === Kind.FIELD && (selection.arguments?.length ?? 0) > 0) return true;
    return selection.selectionSet !== undefined && takesArguments(selection.selectionSet);
  });
}

function fragmentNamed({ definitions }: DocumentNode, name: string): FragmentDefinitionNode | undefined {
  return definitions
    .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
    .find((fragment) => fragment.name.value === name);
}
