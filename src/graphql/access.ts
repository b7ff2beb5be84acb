import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { hasScope, type Scope, type Viewer, type WatchRight, watchRights } from '../auth/viewer.ts';
import { ForbiddenError } from '../errors.ts';
import type { Context } from './context.ts';

/** What a viewer needs to use a field of Query, Mutation or Subscription. */
export interface Access {
  /** Undefined where the field is for who has signed in by a watch token, and for nobody else. */
  readonly scope: Scope | 'anyone' | undefined;
  /** Any of these is enough for who may see one task alone; with none the field isn't for such a viewer. */
  readonly watch: readonly WatchRight[];
}

/** The `extensions` of a root field, each of which says what it needs. */
export function needs(scope: Scope, watch: readonly WatchRight[] = []) {
  const access: Access = { scope, watch };
  return { access };
}

/** The `extensions` of a root field that is for whoever has signed in, whatever it may do, and for all in open mode. */
export const forAnyone: { readonly access: Access } = { access: { scope: 'anyone', watch: watchRights } };

/** The `extensions` of a root field that is for who has signed in by a watch token. */
export const needsWatchToken: { readonly access: Access } = {
  access: { scope: undefined, watch: watchRights },
};

/**
 * Lets the root fields of a schema be used by those alone who have what the field needs: all others get FORBIDDEN
 * before anything is looked at.
 *
 * @throws Error where a field doesn't say what it needs
 */
export function guardRootFields(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const root of roots) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const access = accessOf(field);
      if (access === undefined) {
        throw new Error(
          `Expected ${root?.name}.${field.name} to say who may use it, as by \`extensions: needs('tasks:read')\`.`,
        );
      }
      // Events of a subscription were allowed when it began.
      const step = root === schema.getSubscriptionType() ? 'subscribe' : 'resolve';
      const open = field[step];
      if (open === undefined) throw new Error(`Expected ${root?.name}.${field.name} to have \`${step}\`.`);
      field[step] = guarded(field.name, access, open);
    }
  }
}

/** What a root field needs, if it says so. */
export function accessOf(field: {
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}): Access | undefined {
  // `needs` alone writes it.
  return field.extensions?.['access'] as Access | undefined;
}

type Resolver = GraphQLFieldResolver<unknown, Context>;

function guarded(name: string, access: Access, open: Resolver): Resolver {
  return (source, args, context, info) => {
    if (!mayUse(context.viewer, access)) throw refusal(name, access, context.viewer);
    return open(source, args, context, info);
  };
}

function mayUse(viewer: Viewer, { scope, watch }: Access): boolean {
  return viewer.watch === undefined
    ? scope === 'anyone' || (scope !== undefined && hasScope(viewer, scope))
    : watch.some((right) => viewer.watch?.rights.has(right));
}

function refusal(name: string, { scope, watch }: Access, viewer: Viewer): ForbiddenError {
  const had = viewer.watch === undefined ? [...viewer.scopes] : [...viewer.watch.rights];
  const got = had.length === 0 ? 'none' : had.join(', ');
  if (scope === undefined && viewer.watch === undefined)
    return new ForbiddenError(`\`${name}\` is for who has signed in by a watch token.`);
  if (viewer.watch === undefined)
    return new ForbiddenError(`\`${name}\` needs the scope \`${scope}\`. Yours: ${got}.`);
  return new ForbiddenError(
    watch.length === 0
      ? `\`${name}\` is not for a watch token, which is for one task alone.`
      : `\`${name}\` needs a watch token with the right ${watch.join(' or ')}. Yours: ${got}.`,
  );
}
