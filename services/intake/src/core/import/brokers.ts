import type { ImportEdge, ImportRemark } from '@microstax/contracts/import-requests';

const brokerWords: ReadonlySet<string> = new Set([
  'activemq',
  'artemis',
  'emqx',
  'kafka',
  'mosquitto',
  'nats',
  'nsq',
  'pulsar',
  'rabbitmq',
  'redpanda',
]);
/** What stands beside a broker and carries its name. */
const besideWords: ReadonlySet<string> = new Set([
  'connect',
  'console',
  'exporter',
  'init',
  'manager',
  'operator',
  'proxy',
  'setup',
  'ui',
]);

type Named = { readonly name: string; readonly image: string | null };

/** The message broker that a service is, by the words of its image and name; null where it is none. */
export function brokerOf({ name, image }: Named): string | null {
  const last = image?.split('@')[0]?.split('/').at(-1) ?? '';
  const words = `${last} ${name}`.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => besideWords.has(word))) return null;
  return words.find((word) => brokerWords.has(word)) ?? null;
}

/**
 * Files say who is given a broker's address, and nothing of who publishes and who consumes. Without that an overlay that
 * changes a consumer would read its baseline's queue, so whoever imports is asked to say it.
 */
export function unsaidRoles(services: readonly Named[], edges: readonly ImportEdge[]): ImportRemark[] {
  const brokers = new Map(services.flatMap((one) => [[one.name, brokerOf(one)] as const]));
  const seen = new Set<string>();
  return edges.flatMap(({ from, to, evidence }): ImportRemark[] => {
    const broker = brokers.get(to) ?? null;
    if (broker === null || seen.has(`${from} ${to}`)) return [];
    seen.add(`${from} ${to}`);
    return [
      {
        service: from,
        field: `dependsOn.${to}.kind`,
        reason: `${to} is a message broker (${broker}), and nothing tells whether ${from} publishes or consumes, so calls is written; say kind: publishes or consumes, or an overlay that changes ${from} may take messages of its baseline`,
        at: evidence[0]?.at ?? { line: 1, column: 1 },
      },
    ];
  });
}
