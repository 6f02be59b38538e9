import { canonicalJson, type Json } from '../canonical-json.ts';
import { type Digest, digestOfBytes } from '../digest.ts';

/** What a consumer of routes reads: our router, a cluster, a proxy, a name server, a registry. */
export const routingFormats = [
  'router',
  'kubernetes',
  'gateway',
  'gateway-consumer',
  'envoy',
  'nginx',
  'haproxy',
  'coredns',
  'registry',
] as const;
export type RoutingFormat = (typeof routingFormats)[number];

/** Which of them can send a copy of a request to a second target and throw its answer away. */
export const mirroringFormats: readonly RoutingFormat[] = ['envoy', 'gateway', 'gateway-consumer'];

type Content =
  | { readonly kind: 'objects'; readonly objects: readonly Json[] }
  | { readonly kind: 'lines'; readonly lines: readonly string[] };

/** What one format says about one service of one environment; a change of another service leaves its digest. */
export type RoutingArtifact = {
  readonly format: RoutingFormat;
  readonly env: string;
  readonly service: string;
  readonly digest: Digest;
  readonly content: Content;
};

type Subject = Pick<RoutingArtifact, 'format' | 'env' | 'service'>;

/** Seals what a format says about a service. */
export function sealRouting({ format, env, service }: Subject, content: Content): RoutingArtifact {
  return { format, env, service, content, digest: digestOfBytes('routing-artifact', canonicalJson(content)) };
}

/** Artifacts of one format as the text that its consumer reads; `preface` stands in front of lines as it is. */
export function writeRouting(
  format: RoutingFormat,
  artifacts: readonly RoutingArtifact[],
  preface: readonly string[] = [],
): string {
  const objects = artifacts.flatMap(({ content }) => (content.kind === 'objects' ? content.objects : []));
  const lines = artifacts.flatMap(({ content }) => (content.kind === 'lines' ? content.lines : []));
  switch (format) {
    case 'nginx':
    case 'haproxy':
    case 'coredns':
      return [...preface, ...lines].map((line) => `${line}\n`).join('');
    case 'kubernetes':
    case 'gateway':
    case 'gateway-consumer':
      return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2)}\n`;
    case 'router':
    case 'envoy':
    case 'registry':
      return `${JSON.stringify(objects, null, 2)}\n`;
  }
}
