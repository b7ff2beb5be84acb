import { once } from 'node:events';
import { WebSocket } from 'ws';

/**
 * Signs in by a token on a socket that never renews it; gives the code with which the API closes that socket. Whatever else
 * hangs on the same token has ended by then.
 */
export async function sessionEnd(socketUrl: string, token: string): Promise<number> {
  const socket = new WebSocket(socketUrl, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  const [code] = await once(socket, 'close');
  return code;
}
