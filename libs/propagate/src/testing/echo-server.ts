import http, { type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export type TestServer = AsyncDisposable & { readonly url: string };

/** A real server on a free loopback port. */
export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

/** The last service of a chain: answers with the headers that reached it. */
export const echo: RequestListener = (request, response) => {
  request.resume().once('end', () => response.end(JSON.stringify(request.headers)));
};

/** Calls with `node:http` and reads a JSON answer; `headers` in any form that Node takes. */
export function callWithHttp(url: string, options: http.RequestOptions = {}, body = ''): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.once('end', () => resolve(JSON.parse(text) as IncomingHttpHeaders));
    });
    request.once('error', reject).end(body);
  });
}
