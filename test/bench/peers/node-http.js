// What a request costs that does nothing but read and write JSON: `node-http.js`.
import { createServer } from 'node:http';
import { serveCalls } from '../harness/child.ts';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString());
    const data = { echo: { task: { id: `default:01KB2V5Y8Z000000000${variables.n}` } } };
    const text = JSON.stringify({ data });
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});
server.listen(0, '127.0.0.1', () => serveCalls({ port: server.address().port }));
