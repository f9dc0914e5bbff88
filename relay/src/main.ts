import { createServer } from 'node:http';

// The relay's process. What it is for, uploads over SFTP, comes with the nightly exports; until then it
// answers that it is alive, and refuses everything else.
const port = Number(process.env.PORT ?? 8788);

const server = createServer((request, response) => {
  const alive = request.method === 'GET' && request.url === '/healthz';
  response.writeHead(alive ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(alive ? { status: 'ok' } : { code: 'not_found' }));
});

server.listen(port, process.env.HOST ?? '0.0.0.0');

// A container is told to stop with SIGTERM, and killed later.
process.once('SIGTERM', () => server.close());
