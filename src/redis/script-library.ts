import { createHash } from 'node:crypto';
import { statementsOf } from './lean-script.ts';

/** A script as a library with one function, which the server keeps: what only defines something is made once. */
export interface ScriptLibrary {
  /** Of the library and of its function: a hash of the text, so that versions live side by side. */
  readonly name: string;
  /** As `FUNCTION LOAD` takes it. */
  readonly text: string;
}

/** What all of our libraries are called, with a hash. */
export const libraryPrefix = 'taskwire_';

/** A script that calls nothing else needs no right to write, so that a store that is full or a replica answers it. */
const reads = new Set(
  (
    'EXISTS GET HEXISTS HGET HGETALL HKEYS HLEN HMGET HVALS LLEN LRANGE MGET SCARD SISMEMBER SMEMBERS SRANDMEMBER STRLEN TIME ' +
    'XLEN XRANGE ZCARD ZCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANK ZREVRANK ZSCORE'
  ).split(' '),
);

/**
 * Makes a library of a lean script. What a script keeps from call to call must say so: a local whose name begins with `kept`
 * is made when the library is loaded. All others are made anew at each call, as if the script's text were run; only
 * that functions which use them are not.
 *
 * @throws Error where two locals of the outermost block have one name
 */
export function scriptLibrary(source: string): ScriptLibrary {
  const statements = statementsOf(source).map(({ text }) => statement(text));
  const names = new Set<string>();
  for (const name of statements.flatMap((one) => one.names)) {
    if (names.has(name))
      throw new Error(`expected one local of a script to be called '${name}', there are two`);
    names.add(name);
  }
  const loaded: string[] = [];
  const body: string[] = [];
  for (const [index, { text, names: own, hasValue, isLoaded }] of statements.entries()) {
    if (isLoaded) loaded.push(text);
    // Declared in its place: what stands before it means something else by the same word.
    else if (own.some((name) => statements.slice(index + 1).some((later) => later.uses(name)))) {
      loaded.push(`local ${own.join(', ')}`);
      // Without a value it would be that of the last call.
      body.push(hasValue ? text.slice('local '.length) : `${own.join(', ')} = nil`);
    } else body.push(text);
  }
  const withCalls = (text: string): string => text.replaceAll('redis.call(', 'call(');
  const text = [
    'local KEYS, ARGV, call',
    ...loaded.map(withCalls),
    `local run = function(keys, args)`,
    `KEYS, ARGV, call = keys, args, redis.call`,
    ...body.map(withCalls),
    `end`,
  ].join('\n');
  const name = `${libraryPrefix}${createHash('sha1').update(text).digest('hex').slice(0, 20)}`;
  const flags = onlyReads(text) ? `, flags = { 'no-writes' }` : '';
  return {
    name,
    text: `#!lua name=${name}\n${text}\nredis.register_function{ function_name = '${name}', callback = run${flags} }\n`,
  };
}

interface Statement {
  readonly text: string;
  /** Of the locals that it declares. */
  readonly names: readonly string[];
  readonly hasValue: boolean;
  /** Whether it is run when the library is loaded. */
  readonly isLoaded: boolean;
  /** Whether it is a function, or kept, and uses a name. */
  uses(name: string): boolean;
}

function statement(text: string): Statement {
  const [, list = '', equals] = /^local (\w+(?:,\s*\w+)*)\s*(=|$)/.exec(text) ?? [];
  const names = list === '' ? [] : list.split(/,\s*/);
  const isLoaded = /^local \w+ = function\b/.test(text) || /^local kept[A-Z]\w* = /.test(text);
  const words = new Set(isLoaded ? text.match(/[a-z]\w*/gi) : []);
  return { text, names, hasValue: equals === '=', isLoaded, uses: (name) => words.has(name) };
}

function onlyReads(text: string): boolean {
  const calls = [...text.matchAll(/\bcall\((?:'(\w+)')?/g)];
  return calls.every(([, command]) => command !== undefined && reads.has(command)) && !/\bpcall\b/.test(text);
}
