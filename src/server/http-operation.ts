import type { IncomingMessage } from 'node:http';
import type { DocumentNode } from 'graphql';
import type { Params, Pipeline } from './pipeline.ts';

/** An operation as HTTP brought it. */
export interface HttpOperation {
  readonly params: Params;
  readonly type: 'query' | 'mutation' | 'subscription';
}

/** What kind of answer a client takes. */
export interface Accepted {
  /** The media type of one result; undefined where its client takes none such. */
  readonly resultType: string | undefined;
  readonly takesEvents: boolean;
}

/** Whether what a request holds may be read without Yoga: JSON as everybody sends it, or a stream of events. */
export function isPlain({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET') return acceptedBy(headers.accept).takesEvents;
  const type = headers['content-type'];
  if (type === 'application/json') return method === 'POST' && headers['content-encoding'] === undefined;
  const isUtf8 = !/charset=(?!"?utf-8"?\s*(;|$))/i.test(type ?? '');
  return method === 'POST' && isJson(type) && isUtf8 && headers['content-encoding'] === undefined;
}

/** The operation of a plain request that can run; undefined where it needs to be told what is wrong with it, or is unusual. */
export function operationOf(
  pipeline: Pipeline,
  { method, url }: IncomingMessage,
  body: string,
): HttpOperation | undefined {
  const sent = method === 'GET' ? queryOf(url) : json(body);
  if (!isSent(sent)) return undefined;
  const document = documentOf(pipeline, sent.query);
  if (document === undefined) return undefined;
  const { operationName, variables } = sent;
  const params: Params = { document, operationName, variables };
  const type = pipeline.operationOf(params)?.operation;
  if (type === undefined || (method === 'GET' && type !== 'subscription')) return undefined;
  return { params, type };
}

/** True of a GET for a query or a mutation; false where it isn't clear what it means. */
export function endsAtOnce(pipeline: Pipeline, { url }: IncomingMessage): boolean {
  const sent = queryOf(url);
  if (!isSent(sent)) return false;
  try {
    const params = { document: pipeline.documents.parse(sent.query), operationName: sent.operationName };
    const type = pipeline.operationOf(params)?.operation;
    return type === 'query' || type === 'mutation';
  } catch {
    return false;
  }
}

/** What the specification of GraphQL over HTTP has in a request. */
interface Sent {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly extensions?: Readonly<Record<string, unknown>> | null;
}

const members = new Set(['query', 'operationName', 'variables', 'extensions']);

function isSent(sent: unknown): sent is Sent {
  if (!isObject(sent)) return false;
  const { query, operationName = null, variables = null, extensions = null } = sent;
  return (
    typeof query === 'string' &&
    (operationName === null || typeof operationName === 'string') &&
    (variables === null || isObject(variables)) &&
    (extensions === null || isObject(extensions)) &&
    Object.keys(sent).every((name) => members.has(name))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where it is none. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function queryOf(url = ''): unknown {
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const sent: Record<string, unknown> = Object.fromEntries(given);
  for (const name of ['variables', 'extensions']) {
    const text = given.get(name);
    if (text === null) continue;
    sent[name] = json(text);
    if (sent[name] === undefined) return undefined;
  }
  return sent;
}

/** A document without errors. */
function documentOf({ documents }: Pipeline, text: string): DocumentNode | undefined {
  try {
    const document = documents.parse(text);
    return documents.validate(document).length === 0 ? document : undefined;
  } catch {
    return undefined;
  }
}

const resultTypes = ['application/json', 'application/graphql-response+json'];

/** What Accept headers say, by their text: clients send few different ones, and those all day. */
const known = new Map<string | undefined, Accepted>();
const mostKnown = 100;

/** What a request's header `Accept` says. */
export function acceptedBy(accept: string | undefined): Accepted {
  const before = known.get(accept);
  if (before !== undefined) return before;
  const accepted = { resultType: resultTypeOf(accept), takesEvents: takesEvents(accept) };
  if (known.size >= mostKnown) known.clear();
  known.set(accept, accepted);
  return accepted;
}

/** The first that the client names of those in which a result can be told. */
function resultTypeOf(accept: string | undefined): string | undefined {
  for (const range of rangesOf(accept)) {
    const type = resultTypes.find((type) => isIn(type, range));
    if (type !== undefined) return type;
  }
  return undefined;
}

function takesEvents(accept: string | undefined): boolean {
  return rangesOf(accept).some((range) => isIn('text/event-stream', range));
}

/** The media ranges of an Accept header as Yoga reads it: in their order, whatever their weight; only UTF-8 is there. */
function rangesOf(accept = ''): string[] {
  const ranges = (accept || '*/*').toLowerCase().replaceAll(/\s/g, '').split(',');
  return ranges.flatMap((range) => {
    const [type = '', ...params] = range.split(';');
    const charset = params.find((param) => param.includes('charset=')) ?? 'charset=utf-8';
    return charset === 'charset=utf-8' ? [type] : [];
  });
}

function isIn(type: string, range: string): boolean {
  return range === type || range === '*/*' || range === type.replace(/\/.*/, '/*');
}

/** The media type of a body that only a page which may do so can send. */
export function isJson(contentType: string | null | undefined): boolean {
  return typeof contentType === 'string' && /^application\/(graphql\+)?json\s*(;|$)/i.test(contentType);
}
