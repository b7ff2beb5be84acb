import { persistences, type StoreState } from '../tasks/store-state.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { durationText } from './duration-text.ts';
import type { ApiBuilder } from './state.ts';

/** Adds `store`. */
export function addStore(builder: ApiBuilder): void {
  const store = addStoreTypes(builder);
  builder.queryField('store', (t) =>
    t.field({
      type: store,
      nullable: false,
      description: 'The server that keeps the tasks, as it is now.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 5 }) },
      resolve: (_, _args, { tasks }) => tasks.health.store(),
    }),
  );
}

const described = {
  APPEND_ONLY: 'All but perhaps the last seconds before a crash.',
  SNAPSHOTS: 'What was there at the last snapshot.',
  NONE: 'Nothing.',
};

function addStoreTypes(builder: ApiBuilder) {
  const persistence = builder.enumType('StorePersistence', {
    description: 'What of the tasks is there after a restart of their store. The list may grow.',
    values: Object.fromEntries(persistences.map((name) => [name, { description: described[name] }])) as {
      [Name in (typeof persistences)[number]]: { description: string };
    },
  });
  return builder.objectRef<StoreState>('Store').implement({
    description:
      'The server that keeps the tasks. Null is what it does not tell: managed ones hide much, and a user may lack the right to ask.',
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: 'The product: Redis, Valkey, …' }),
      version: t.exposeString('version', { nullable: true, description: "The product's version." }),
      isEmbedded: t.exposeBoolean('isEmbedded', {
        nullable: false,
        description:
          'True for the store that `taskwire dev` brings along, which is for development: a crash loses what it holds. That is ' +
          'a finding only where `NODE_ENV` is `production`.',
      }),
      role: t.exposeString('role', {
        nullable: true,
        description: '`master`; or `replica`, which refuses writes.',
      }),
      roundTrip: t.field({
        type: 'Duration',
        nullable: false,
        description: 'How long it takes to answer this API: the median of 5 round trips just now.',
        resolve: ({ roundTripMs }) => durationText(roundTripMs),
      }),
      usedMemoryBytes: t.expose('usedMemoryBytes', {
        type: 'SafeInt',
        nullable: true,
        description: 'Memory that its data takes.',
      }),
      maxMemoryBytes: t.expose('maxMemoryBytes', {
        type: 'SafeInt',
        nullable: true,
        description: 'Memory that its data may take; null also where there is no bound.',
      }),
      evictionPolicy: t.exposeString('evictionPolicy', {
        nullable: true,
        description: 'What it does when the memory is full. Only `noeviction` keeps all tasks.',
      }),
      isPersistent: t.boolean({
        nullable: true,
        description: 'Whether tasks are there after a restart.',
        resolve: ({ persistence }) => (persistence === undefined ? undefined : persistence !== 'NONE'),
      }),
      persistence: t.expose('persistence', {
        type: persistence,
        nullable: true,
        description: 'What of the tasks is there after a restart.',
      }),
      connectedClients: t.expose('connectedClients', {
        type: 'NonNegativeInt',
        nullable: true,
        description: 'Connections to it, whoever has them.',
      }),
      uptime: t.field({
        type: 'Duration',
        nullable: true,
        description: 'For how long it has run.',
        resolve: ({ uptimeMs }) => durationText(uptimeMs),
      }),
      keys: t.expose('keys', {
        type: 'SafeInt',
        nullable: true,
        description: 'Keys in its database, those of others included.',
      }),
    }),
  });
}
