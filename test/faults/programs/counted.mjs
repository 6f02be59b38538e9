// A service for faults: its first act is a line in the file STARTS, so that starts are counted and not guessed. Then it
// listens on PORT, after DELAY ms. SIGTERM ends it at once.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { PORT = '0', STARTS, DELAY = '0', VERSION = '1', MSX_ENV = '', MSX_SERVICE = '' } = process.env;
process.on('SIGTERM', () => process.exit(0));
appendFileSync(STARTS, `${MSX_ENV} ${MSX_SERVICE} ${VERSION} ${process.pid}\n`);

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ environment: MSX_ENV, name: MSX_SERVICE, version: VERSION, pid: process.pid }));
});
setTimeout(() => server.listen(Number(PORT), '127.0.0.1'), Number(DELAY));
