/** What the Kubernetes API said to one call, or that nobody can know. */
export type KubeAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'absent'; readonly message: string }
  /** Somebody else wrote in between, or an object that was to be made is there. */
  | { readonly kind: 'conflict'; readonly reason: string; readonly message: string }
  /** It will be refused again: by rights, by a quota, by validation. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string; readonly message: string }
  /** Nothing happened. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly afterMs?: number }
  /** It was sent, and nobody heard the answer: it has to be read back. */
  | { readonly kind: 'unknown'; readonly message: string };

export type KubeFailure = Exclude<KubeAnswer<never>, { readonly kind: 'ok' }>;

/**
 * Sorts an answer that is no success. A write that an error of the server's own answered may have happened, except 503
 * and 429, with which it says that it did not take it.
 */
export function failureOf(from: {
  readonly status: number;
  readonly text: string;
  readonly retryAfter?: string;
  readonly writes: boolean;
}): KubeFailure {
  const { status, writes } = from;
  const { reason, message } = statusOf(from.text);
  const said = `${status}${reason === '' ? '' : ` ${reason}`}: ${message}`;
  if (status === 404) return { kind: 'absent', message };
  if (status === 409) return { kind: 'conflict', reason, message };
  if (status === 429 || status === 503) {
    const afterMs = Number(from.retryAfter ?? Number.NaN) * 1_000;
    return { kind: 'unavailable', message: said, ...(Number.isFinite(afterMs) ? { afterMs } : {}) };
  }
  // A field that is unknown or mistyped is answered like this, and never otherwise.
  if (status === 500 && message.includes('failed to create typed patch object'))
    return { kind: 'refused', status, reason: 'Invalid', message };
  if (status >= 500) return writes ? { kind: 'unknown', message: said } : { kind: 'unavailable', message: said };
  return { kind: 'refused', status, reason, message };
}

/** Whether it is refused for who asks, and not for what an object says. */
export function isAboutRights({ status, message }: Extract<KubeFailure, { kind: 'refused' }>): boolean {
  return status === 401 || (status === 403 && /is forbidden: User ".*" cannot /.test(message));
}

const messageCharsMax = 600;

function statusOf(text: string): { readonly reason: string; readonly message: string } {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: unknown; message?: unknown };
    if (typeof message === 'string') return { reason: String(reason ?? ''), message: short(message) };
  } catch {
    // A proxy before the API answers in its own words.
  }
  return { reason: '', message: short(text.trim() || 'no reason was given') };
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > messageCharsMax ? `${line.slice(0, messageCharsMax)}…` : line;
}
