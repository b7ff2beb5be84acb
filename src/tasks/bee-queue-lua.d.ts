/** Bee-Queue's scripts by name, and their SHA-1s. */
declare module 'bee-queue/lib/lua/index.js' {
  const lua: { readonly scripts: Record<string, string>; readonly shas: Record<string, string> };
  export default lua;
}
