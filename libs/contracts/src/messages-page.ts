import { z } from 'zod';
import { auditRequests } from './audit-requests.ts';
import { commandSchema, commandVerbs } from './command.ts';
import { dataRequests } from './data-requests.ts';
import { eventContracts } from './events.ts';
import { graphRequests } from './graph-requests.ts';
import { healthOf } from './health-request.ts';
import { importRequests } from './import-requests.ts';
import { planRequests } from './plan-requests.ts';
import { predictRequests } from './predict-requests.ts';
import { propagationRequests } from './propagation.ts';
import { wireHistory } from './protocol-version.ts';
import { query } from './queries.ts';
import { resolverRequests } from './resolver-requests.ts';
import { routerRequests } from './router-requests.ts';
import { runtimeRequests } from './runtime-requests.ts';
import { serviceNames } from './subjects.ts';
import { buckets, durables, objectStores, streams } from './topology.ts';

/** `docs/messages.md`, generated from the contracts: every subject, stream, consumer, bucket, message and request. */
export function messagesPage(): string {
  const parts = [
    intro(),
    subjectsPart(),
    streamsPart(),
    durablesPart(),
    bucketsPart(),
    eventsPart(),
    requestsPart(),
    versionsPart(),
  ];
  return `${parts.join('\n\n')}\n`;
}

function intro(): string {
  return `# Messages

This page is generated from \`libs/contracts\` by \`npm run docs\`; \`npm run check\` fails where it is stale.
Bodies are JSON. Headers: \`Nats-Msg-Id\`, \`traceparent\`, \`baggage\`, CloudEvents attributes as \`ce-*\`, \`msx-purpose\` (activate, preview, replay) and \`msx-drive\`.`;
}

function subjectsPart(): string {
  return `## Subjects

| subject | what |
|---|---|
| \`msx.blueprint.<org>.<env>[.<actor>]\` | the public door: a raw YAML or JSON Blueprint is the whole body, or \`{from: {env, generation}, changes}\` or \`{closure: <digest>}\`; no header is needed |
| \`msx.cmd.graph.<org>.<env>.<verb>[.<actor>]\` | a command; verbs: ${commandVerbs.map((verb) => `\`${verb}\``).join(', ')}; body empty or \`${schemaLine(commandSchema)}\` |
| \`msx.evt.<service>.<org>.<env>.<past>\` | facts; only \`<service>\` says them |
| \`msx.svc.<service>.<org>.<op>\` | request and reply |
| \`msx.dlq.<org>.<stream>.<consumer>\` | poison messages, headers kept |
| \`msx.spans.<trace id>\` | spans of a trace as OTLP JSON |
| \`msx.traffic.<org>.propagation.<probe>\` | what routers saw of a probe of \`msx check propagation\` |

Tokens match \`[a-z0-9-]{1,40}\`.`;
}

function streamsPart(): string {
  const rows = Object.values(streams).map((stream) => {
    const { name, subjects, purpose, maxAgeMs, duplicateWindowMs, discard } = stream;
    return `| ${name} | ${subjects.map((subject) => `\`${subject}\``).join(' ')} | ${purpose} | ${hours(maxAgeMs)} | ${duplicateWindowMs / 1000} s | ${discard} |`;
  });
  return table('Streams', ['stream', 'subjects', 'holds', 'keeps', 'duplicate window', 'when full, discards'], rows);
}

function durablesPart(): string {
  const rows = Object.values(durables).map(
    ({ name, stream, filter, service, hears, ackWaitMs, maxDeliver }) =>
      `| ${name} | ${service} | ${stream} | \`${filter}\` | ${hears} | ${ackWaitMs / 1000} s | ${maxDeliver} |`,
  );
  return table(
    'Durable consumers',
    ['durable', 'service', 'stream', 'filter', 'hears', 'ack wait', 'deliveries'],
    rows,
  );
}

function bucketsPart(): string {
  const rows = [
    ...Object.values(buckets).map(({ name, writer, purpose }) => `| ${name} | key-value | ${writer} | ${purpose} |`),
    ...Object.values(objectStores).map(
      ({ name, purpose }) => `| ${name} | objects | the deciding service | ${purpose} |`,
    ),
  ];
  return table('Buckets', ['bucket', 'kind', 'only writer', 'holds'], rows);
}

function eventsPart(): string {
  const parts = eventContracts.map((event) => {
    const schema = JSON.stringify(z.toJSONSchema(event.schema, { unrepresentable: 'any' }), null, 2);
    return `### ${event.name}\n\n\`${event.template}\` · type \`${event.type}\`\n\n${event.summary}\n\n<details><summary>schema</summary>\n\n\`\`\`json\n${schema}\n\`\`\`\n\n</details>`;
  });
  return `## Events\n\n${parts.join('\n\n')}`;
}

function requestsPart(): string {
  const rows = [
    ...graphRequests,
    query,
    ...auditRequests,
    ...dataRequests,
    ...importRequests,
    ...planRequests,
    ...predictRequests,
    ...propagationRequests,
    ...resolverRequests,
    ...runtimeRequests,
    ...serviceNames.map(healthOf),
    ...routerRequests,
  ].map(({ service, op, summary }) => {
    const subject = service === 'router' ? `msx.svc.router.${op}.<router id>` : `msx.svc.${service}.<org>.${op}`;
    return `| \`${subject}\` | ${summary} |`;
  });
  return table('Requests', ['subject', 'what'], rows);
}

function versionsPart(): string {
  return table(
    'Wire versions',
    ['version', 'change'],
    wireHistory.map(({ version, change }) => `| ${version} | ${change} |`),
  );
}

function table(title: string, heads: readonly string[], rows: readonly string[]): string {
  return `## ${title}\n\n| ${heads.join(' | ')} |\n|${heads.map(() => '---').join('|')}|\n${rows.join('\n')}`;
}

function hours(ms: number): string {
  const count = ms / 3_600_000;
  return count % 24 === 0 ? `${count / 24} d` : `${count} h`;
}

function schemaLine(schema: z.ZodType): string {
  return JSON.stringify((z.toJSONSchema(schema, { io: 'input' }) as { properties?: unknown }).properties);
}
