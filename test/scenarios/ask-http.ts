import { Agent, request } from 'node:http';

export type HttpAnswer<T> = {
  readonly status: number;
  /** `<env>/<service>` that answered, and why, as the router says. */
  readonly target: string | undefined;
  readonly reason: string | undefined;
  readonly body: T;
};

// Connections are given back before the other side's limit of 5 s ends them under a request.
const agent = new Agent({ keepAlive: true, timeout: 2_000 });

/** One GET, or with a body one POST, with the context of an environment where one is given. */
export function askHttp<T>(
  url: string,
  context?: string | Readonly<Record<string, string>>,
  body?: string,
): Promise<HttpAnswer<T>> {
  const method = body === undefined ? 'GET' : 'POST';
  const headers = typeof context === 'string' ? { baggage: `msx-env=${context}` } : (context ?? {});
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method, headers, timeout: 10_000 }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const { 'x-msx-target': target, 'x-msx-reason': reason } = response.headers as Record<string, string>;
        try {
          resolve({ status: response.statusCode ?? 0, target, reason, body: JSON.parse(text) as T });
        } catch {
          reject(new Error(`${url} answered ${response.statusCode} with ${JSON.stringify(text.slice(0, 200))}`));
        }
      });
    });
    asking.once('timeout', () => asking.destroy(new Error(`${url} was silent for 10 s`)));
    asking.once('error', reject);
    asking.end(body);
  });
}
