import { useSyncExternalStore } from 'react';

const key = 'taskwire:token';
const listeners = new Set<() => void>();

/** The token that this tab signs in by: an API token or a JSON Web Token. Gone with the tab, unless it is to be kept. */
export function currentToken(): string | undefined {
  return sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? undefined;
}

/** Signs in by another token; `isKept` also after the tab has gone. Undefined signs out. */
export function setToken(token: string | undefined, isKept = false): void {
  sessionStorage.removeItem(key);
  localStorage.removeItem(key);
  if (token !== undefined) (isKept ? localStorage : sessionStorage).setItem(key, token);
  for (const listener of listeners) listener();
}

/** The token, and a render when it is another one. */
export function useToken(): string | undefined {
  return useSyncExternalStore(onTokenChange, currentToken);
}

/** Calls back when another one, or nobody, has signed in, until what it returns is called. */
export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
