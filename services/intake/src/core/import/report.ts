import type { ImportRemark, ImportReport } from '@microstax/contracts/import-requests';
import { unsaidRoles } from './brokers.ts';
import type { Draft } from './draft.ts';
import type { Account } from './ledger.ts';
import type { Linked } from './link.ts';
import type { Sources } from './sources.ts';

/** What was understood, what was carried, and what was not, in the order of the files. */
export function reportOf(
  source: ImportReport['source'],
  name: string,
  {
    linked,
    account,
    remarks,
    sources,
  }: { linked: Linked; account: Account; remarks: readonly ImportRemark[]; sources: Sources },
): ImportReport {
  const edges = linked.services.flatMap((service) => service.edges);
  const pairs = new Map<string, { declared: boolean; known: boolean }>();
  for (const { from, to, declared, port, protocolBecause } of edges) {
    const before = pairs.get(`${from} ${to}`);
    const known = port !== null && protocolBecause !== null;
    pairs.set(`${from} ${to}`, { declared, known: (before?.known ?? true) && known });
  }
  const kinds = [...pairs.values()];
  const services = linked.services.map(({ draft, ports }) => ({
    name: draft.name,
    ...(draft.writtenAs === draft.name ? {} : { writtenAs: draft.writtenAs }),
    kind: draft.kind,
    image: typeof draft.fields.image === 'string' ? draft.fields.image : null,
    ports: ports.map((port) => `${port.name}:${port.containerPort}/${port.protocol}`),
    at: sources.positionAt(draft.at),
  }));
  const listed = [...account.listed]
    .sort((a, b) => a.at - b.at)
    .map(
      ({ service, path, reason, at }): ImportRemark => ({
        ...(service === undefined ? {} : { service }),
        field: path,
        reason,
        at: sources.positionAt(at),
      }),
    );
  return {
    source,
    name,
    services,
    edges,
    dangling: linked.dangling,
    external: linked.external,
    unknown: [...linked.unknown, ...unknownPorts(linked), ...unsaidRoles(services, edges), ...remarks],
    listed,
    secrets: linked.services.flatMap(({ draft }) => draft.secrets.map((secret) => secretOf(draft, secret, sources))),
    counts: {
      services: services.length,
      edges: kinds.length,
      declared: kinds.filter(({ declared }) => declared).length,
      inferred: kinds.filter(({ declared }) => !declared).length,
      dangling: linked.dangling.length,
      unknown: kinds.filter(({ known }) => !known).length,
      fieldsRead: account.read,
      carried: account.carried,
      listed: account.listed.length,
      valuesRead: account.valuesRead,
      valuesCarried: account.valuesCarried,
    },
  };
}

function secretOf(
  draft: Draft,
  { envKey, ref, reason, at }: Draft['secrets'][number],
  sources: Sources,
): ImportReport['secrets'][number] {
  return { service: draft.name, envKey, ref, reason, at: sources.positionAt(at) };
}

/** Ports whose protocol nothing tells, and edges to services of which nobody knows the port that is meant. */
function unknownPorts({ services }: Linked): ImportRemark[] {
  const remarks: ImportRemark[] = [];
  const seen = new Set<string>();
  for (const { edges } of services)
    for (const { from, to, port, protocolBecause, evidence } of edges) {
      const at = evidence[0]?.at ?? { line: 1, column: 1 };
      if (port === null)
        remarks.push({ service: from, field: `dependsOn.${to}`, reason: 'nothing tells which port is called', at });
      else if (protocolBecause === null && !seen.has(`${to} ${port}`)) {
        seen.add(`${to} ${port}`);
        remarks.push({
          service: to,
          field: `ports.${port}`,
          reason: 'nothing tells what it speaks, so tcp is written: no header can be read on the way',
          at,
        });
      }
    }
  return remarks;
}
