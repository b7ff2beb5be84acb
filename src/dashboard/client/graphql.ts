import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './introspection.d.ts';

/** Any JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Makes a document whose variables and results have the types of the API's schema. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: {
    DateTimeISO: string;
    Duration: string;
    JSON: Json;
    JSONObject: { readonly [key: string]: Json };
    NonNegativeInt: number;
    PositiveInt: number;
    SafeInt: number;
  };
}>();

export type { FragmentOf, ResultOf, VariablesOf } from 'gql.tada';
