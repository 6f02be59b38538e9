// A service for scenarios: answers who it is, and the answers of its upstreams, with the request's context passed on.
// PORT, NAME, VERSION; UPSTREAMS is `name=http://host:port,...`. SIGTERM ends it once every request is answered.
import { Agent, createServer, get } from 'node:http';

const { PORT = '0', NAME = 'echo', VERSION = '1', UPSTREAMS = '', MSX_ENV = '' } = process.env;
// Idle connections are given back before the other side's limit of 5 s ends them under a request.
const agent = new Agent({ keepAlive: true, timeout: 2_000 });
const upstreams = UPSTREAMS.split(',').flatMap((one) => {
  const at = one.indexOf('=');
  return at < 0 ? [] : [{ name: one.slice(0, at), url: one.slice(at + 1) }];
});

const server = createServer(async (request, response) => {
  const context = contextOf(request.headers);
  const calls = await Promise.all(upstreams.map(({ name, url }) => call(name, url, context)));
  const failed = calls.filter(({ status }) => status !== 200).map(({ name, status, why }) => ({ name, status, why }));
  const body = {
    name: NAME,
    version: VERSION,
    environment: MSX_ENV,
    pid: process.pid,
    context: context.baggage ?? context['x-msx-env'] ?? null,
    calls: calls.map(({ body }) => body),
    ...(failed.length > 0 ? { failed } : {}),
  };
  response.writeHead(failed.length > 0 ? 502 : 200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`${NAME} ${VERSION} listens`));
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 10);
});

function contextOf({ baggage, 'x-msx-env': env }) {
  return { ...(baggage ? { baggage } : {}), ...(env ? { 'x-msx-env': env } : {}) };
}

function call(name, url, headers) {
  return new Promise((resolve) => {
    const request = get(url, { agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ name, status: response.statusCode, ...read(text) }));
      response.on('error', (error) => resolve({ name, status: 0, why: error.message, body: null }));
    });
    request.on('error', (error) => resolve({ name, status: 0, why: error.message, body: null }));
  });
}

function read(text) {
  try {
    return { body: JSON.parse(text) };
  } catch {
    return { body: null, why: text.slice(0, 200) };
  }
}
