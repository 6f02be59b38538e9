import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { probeKey } from '@microstax/contracts/propagation';

/** What came back of a probe; `target` and `refused` are the router's words. */
export type ProbeAnswer = {
  readonly probe: string;
  /** null where nothing came back. */
  readonly status: number | null;
  readonly target: string | null;
  readonly reason: string;
};

export type ProbeOptions = {
  readonly url: string;
  readonly path: string;
  readonly context: { readonly value: string; readonly headerName: string };
  readonly timeoutMs: number;
};

/** Sends one GET that carries the context in both carriers, a probe's member, and a trace of its own. */
export function sendProbe({ url, path, context, timeoutMs }: ProbeOptions): Promise<ProbeAnswer> {
  const probe = randomBytes(16).toString('hex');
  const headers = {
    baggage: `msx-env=${context.value},${probeKey}=${probe}`,
    [context.headerName]: context.value,
    traceparent: `00-${probe}-${randomBytes(8).toString('hex')}-01`,
  };
  return new Promise((resolve) => {
    const nothing = (error: Error): void => resolve({ probe, status: null, target: null, reason: error.message });
    const { hostname, port } = new URL(url);
    const asking = request({ hostname, port, path, headers, timeout: timeoutMs }, (response) => {
      const { 'x-msx-target': target, 'x-msx-reason': reason } = response.headers as Record<string, string | undefined>;
      response.once('error', nothing);
      response.once('end', () =>
        resolve({ probe, status: response.statusCode ?? null, target: target ?? null, reason: reason ?? '' }),
      );
      response.resume();
    });
    asking.once('timeout', () => asking.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    asking.once('error', nothing);
    asking.end();
  });
}
