// A service for scenarios: answers who it is, and the answers of its upstreams, with the request's context passed on.
// PORT, NAME, VERSION; UPSTREAMS is `name=http://host:port,...`. A POST is passed on as a
// POST. Who has no upstream thinks for as long as the baggage says in `think=<ms>`. SIGTERM ends it once every request is answered, or with RUDE=1 at once.
// DROPS=all passes no header on, DROPS=baggage only the trace.
import { Agent, request as ask, createServer } from 'node:http';

const { PORT = '0', NAME = 'echo', VERSION = '1', UPSTREAMS = '', MSX_ENV = '', RUDE = '', DROPS = '' } = process.env;
// Idle connections are given back before the other side's limit of 5 s ends them under a request.
const agent = new Agent({ keepAlive: true, timeout: 2_000 });
const upstreams = UPSTREAMS.split(',').flatMap((one) => {
  const at = one.indexOf('=');
  return at < 0 ? [] : [{ name: one.slice(0, at), url: one.slice(at + 1) }];
});

const server = createServer(async (request, response) => {
  const context = contextOf(request.headers);
  const thinkMs = upstreams.length > 0 ? 0 : Number(/\bthink=(\d+)/.exec(context.baggage ?? '')?.[1] ?? 0);
  if (thinkMs > 0) await new Promise((resolve) => setTimeout(resolve, thinkMs));
  const calls = await Promise.all(
    upstreams.map(({ name, url }) => call(name, url, request.method, passedOn(request.headers))),
  );
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
  if (RUDE === '1') process.exit(0);
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 10);
});

function contextOf({ baggage, 'x-msx-env': env }) {
  return { ...(baggage ? { baggage } : {}), ...(env ? { 'x-msx-env': env } : {}) };
}

function passedOn(headers) {
  if (DROPS === 'all') return {};
  const { traceparent } = headers;
  return { ...(DROPS === '' ? contextOf(headers) : {}), ...(traceparent ? { traceparent } : {}) };
}

function call(name, url, method, headers) {
  return new Promise((resolve) => {
    const request = ask(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ name, status: response.statusCode, ...read(text) }));
      response.on('error', (error) => resolve({ name, status: 0, why: error.message, body: null }));
    });
    request.on('error', (error) => resolve({ name, status: 0, why: error.message, body: null }));
    request.end(method === 'POST' ? 'a body' : undefined);
  });
}

function read(text) {
  try {
    return { body: JSON.parse(text) };
  } catch {
    return { body: null, why: text.slice(0, 200) };
  }
}
