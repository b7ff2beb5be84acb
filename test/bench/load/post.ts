import { Agent, request } from 'node:http';

const agents = new Map<number, Agent>();

/** Posts JSON on a connection that is kept, signed in by a token where there is one, and gives the answer's JSON. */
export function post(
  port: number,
  path: string,
  body: unknown,
  width = 64,
  token?: string,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const text = JSON.stringify(body);
  const sent = request(
    {
      port,
      host: '127.0.0.1',
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: agentOf(width),
      headers:
        body === undefined
          ? {}
          : {
              'content-type': 'application/json',
              accept: 'application/json',
              'content-length': Buffer.byteLength(text),
              ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            },
    },
    (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (answer += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${answer}`));
        resolve(JSON.parse(answer));
      });
    },
  );
  sent.on('error', reject);
  sent.end(text);
  return promise;
}

function agentOf(width: number): Agent {
  const agent = agents.get(width) ?? new Agent({ keepAlive: true, maxSockets: width });
  agents.set(width, agent);
  return agent;
}
