import type { DraftHint, Protocol } from './draft.ts';

/** What a word in a name tells of a protocol: `otlp-grpc`, `AD_PORT_HTTP`, `tcp-redis`. */
export function hintOfName(name: string, because: string): DraftHint[] {
  const parts = name.toLowerCase().split(/[^a-z0-9]+/);
  const protocol = nameProtocols.find(([words]) => words.some((word) => parts.includes(word)))?.[1];
  return protocol === undefined ? [] : [{ protocol, because }];
}

const nameProtocols: readonly (readonly [readonly string[], Protocol])[] = [
  [['grpc'], 'grpc'],
  [['http', 'http1', 'web', 'ws'], 'http'],
  [['tcp', 'tls', 'https', 'mysql', 'mongo', 'mongodb', 'redis', 'postgres', 'postgresql', 'amqp', 'kafka'], 'tcp'],
];

/** What the scheme of a URL tells. Ciphered is bytes for whoever stands between. */
export function hintOfScheme(scheme: string | undefined, because: string): DraftHint[] {
  if (scheme === undefined) return [];
  if (scheme === 'http' || scheme === 'ws') return [{ protocol: 'http', because }];
  return [{ protocol: scheme === 'grpc' ? 'grpc' : 'tcp', because }];
}

/**
 * What a port speaks. gRPC wins over `http`, whose scheme gRPC clients write too; anything that is neither leaves bytes.
 * Undefined where nothing tells.
 */
export function judgeHints(hints: readonly DraftHint[]): DraftHint | undefined {
  for (const protocol of ['udp', 'grpc', 'http', 'tcp'] as const) {
    const hint = hints.find((one) => one.protocol === protocol);
    if (hint !== undefined) return hint;
  }
  return undefined;
}
