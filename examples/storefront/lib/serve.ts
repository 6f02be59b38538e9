import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { currentContext } from '@microstax/propagate/context';
import { withIncomingContext } from '@microstax/propagate/incoming-http';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './call.ts';
import { countFrom, textFrom } from './config.ts';
import { findRoute, type Reply, type Routes } from './route.ts';

const farewellMs = 100; // clients that are talking get one more answer, with `connection: close`
const idleCheckMs = 25;

/**
 * Serves `routes` as `service` at the port in `PORT` (0 or none: any free one) of the address in `HOST` (127.0.0.1, which in
 * a pod nobody reaches), and `GET /healthz`.
 * Prints one line with the address. SIGTERM ends the program with 0 once every request in flight is answered.
 */
export function serve(service: string, routes: Routes): void {
  const version = textFrom('VERSION', '0.0');
  const environment = textFrom('ENVIRONMENT', '');
  const all: Routes = { 'GET /healthz': () => ({ result: { healthy: true } }), ...routes };
  let leaving = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume(); // no route reads a body; an unread one would block the connection
    const context = currentContext()?.env;
    const { status = 200, result, calls = [] } = await reply(all, request.method ?? 'GET', request.url ?? '/');
    const body: Answer = {
      service,
      version,
      ...(environment === '' ? {} : { environment }),
      ...(context === undefined ? {} : { context }),
      pid: process.pid,
      result,
      calls,
    };
    if (leaving) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  }

  const server = createServer(withIncomingContext((request, response) => void answer(request, response)));
  server.listen(countFrom('PORT', 0), textFrom('HOST', '127.0.0.1'), () => {
    const { address, port } = server.address() as AddressInfo;
    console.log(`${service} ${version} listens on http://${address}:${port}`);
  });
  process.once('SIGTERM', () => {
    leaving = true;
    setTimeout(leave, farewellMs, server);
  });
}

async function reply(routes: Routes, method: string, target: string): Promise<Reply> {
  const asked = `${method} "${target.split('?', 1)[0]}"`;
  const match = findRoute(routes, method, target);
  if (match === undefined) return { status: 404, result: { error: `Cannot answer ${asked}: there is no such path` } };
  try {
    return await match.handler(match.request);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) {
      console.error(error);
      return { status: 500, result: { error: `Cannot answer ${asked}: see the log of process ${process.pid}` } };
    }
    return {
      status: error.status === 400 ? 400 : 502, // what the caller stated wrong stays the caller's to correct
      result: { error: `Cannot answer ${asked}: ${error.message}`, upstream: error.upstream },
      calls: error.answer === undefined ? [] : [error.answer],
    };
  }
}

/** Stops accepting, lets go of idle connections, and of busy ones as soon as they have their answer. */
function leave(server: Server): void {
  const sweep = setInterval(() => server.closeIdleConnections(), idleCheckMs);
  server.close(() => {
    clearInterval(sweep);
    process.exit(0);
  });
}
