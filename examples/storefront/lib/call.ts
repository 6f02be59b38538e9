import { propagatingFetch } from '@microstax/propagate/fetch';
import { type Answer, isAnswer } from './answer.ts';
import { textFrom } from './config.ts';

const upstreamTimeoutMs = 5_000; // longer than any answer of the storefront, shorter than a person's patience

/** As programs do that nobody taught to pass a context on; `msx check propagation` finds them. */
const send = textFrom('DROPS_CONTEXT', '') === '' ? propagatingFetch : fetch;

/** An upstream that did not answer with a result: the caller's answer is 502 and names it. */
export class UpstreamFailure extends Error {
  readonly upstream: string;
  readonly status: number | undefined;
  readonly answer: Answer | undefined;

  constructor(upstream: string, because: string, options: { status?: number; answer?: Answer; cause?: unknown } = {}) {
    super(`upstream "${upstream}" ${because}`, { cause: options.cause });
    this.upstream = upstream;
    this.status = options.status;
    this.answer = options.answer;
  }
}

/** Asks `upstream` for `path` within the current context. Settles with its answer; rejects with `UpstreamFailure`. */
export async function call(upstream: string, base: URL, path: string, method: 'GET' | 'PUT' = 'GET'): Promise<Answer> {
  const response = await reach(upstream, new URL(path, base), method);
  const answer = await readAnswer(upstream, response);
  if (response.ok) return answer;
  const reason = typeof answer.result.error === 'string' ? `: ${answer.result.error}` : '';
  throw new UpstreamFailure(upstream, `answered ${response.status}${reason}`, { status: response.status, answer });
}

async function reach(upstream: string, url: URL, method: string): Promise<Response> {
  try {
    return await send(url, { method, signal: AbortSignal.timeout(upstreamTimeoutMs) });
  } catch (cause) {
    throw new UpstreamFailure(upstream, `did not answer at ${url.host}`, { cause });
  }
}

async function readAnswer(upstream: string, response: Response): Promise<Answer> {
  const body = await response.json().catch((cause: unknown) => cause);
  if (isAnswer(body)) return body;
  throw new UpstreamFailure(upstream, `answered ${response.status} with something other than an answer`, {
    status: response.status,
  });
}
