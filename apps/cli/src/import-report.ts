import type { ImportDangling, ImportEdge, ImportEvidence, ImportReport } from '@microstax/contracts/import-requests';
import type { Position } from '@microstax/model/finding';
import { clean, table, text } from './output.ts';

/** The report of an import for people: edges with their evidence first, then what was not carried over. */
export function drawReport(report: ImportReport): string {
  const { services, edges, dangling, external, unknown, listed, secrets } = report;
  return [
    summary(report),
    part('Services', services, ['SERVICE', 'KIND', 'PORTS', 'WHERE'], ({ name, writtenAs, kind, ports, at }) => [
      writtenAs === undefined ? name : `${name} (${writtenAs})`,
      kind,
      text(ports.join(' ')),
      placeOf(at),
    ]),
    part('Edges', edges, ['FROM', 'TO', 'PORT', 'PROTOCOL', 'HOW', 'EVIDENCE'], (edge) => [
      edge.from,
      edge.to,
      text(edge.port),
      protocolOf(edge),
      edge.declared ? 'declared' : 'inferred',
      evidenceOf(edge.evidence),
    ]),
    part('Dangling: addresses of nothing that is declared', dangling, ['FROM', 'HOST', 'EVIDENCE'], strangerOf),
    part('Outside', external, ['FROM', 'HOST', 'EVIDENCE'], strangerOf),
    part('Unknown', unknown, ['SERVICE', 'WHAT', 'WHY', 'WHERE'], ({ service, field, reason, at }) => [
      text(service),
      field,
      reason,
      placeOf(at),
    ]),
    part('Secrets: to be there where the services run', secrets, ['SERVICE', 'VARIABLE', 'REFERENCE', 'WHY'], (one) => [
      one.service,
      one.envKey,
      one.ref,
      one.reason,
    ]),
    part('Not carried over', listed, ['FIELD', 'WHY', 'WHERE'], ({ field, reason, at }) => [
      field,
      reason,
      placeOf(at),
    ]),
  ]
    .filter((lines) => lines !== '')
    .join('\n');
}

function summary({ name, source, counts }: ImportReport): string {
  const { services, edges, declared, inferred, dangling, unknown, fieldsRead, carried, listed } = counts;
  const share = fieldsRead === 0 ? 100 : Math.floor((1000 * carried) / fieldsRead) / 10;
  return [
    `${name} from ${source}: ${services} services, ${edges} edges (${declared} declared, ${inferred} inferred), ${dangling} dangling, ${unknown} unknown`,
    `${fieldsRead} fields read = ${carried} carried + ${listed} listed (${share} % carried)\n`,
  ].join('\n');
}

function part<T>(
  title: string,
  items: readonly T[],
  heads: readonly string[],
  row: (item: T) => readonly string[],
): string {
  if (items.length === 0) return '';
  const rows = items.map((item) => row(item).map(clean));
  return `${title}\n${table(heads, rows)}`;
}

function protocolOf({ protocol, protocolBecause }: ImportEdge): string {
  return protocolBecause === null ? `${protocol} (unknown)` : protocol;
}

function strangerOf({ from, host, evidence }: ImportDangling): readonly string[] {
  return [from, host, evidenceOf(evidence)];
}

function evidenceOf(evidence: readonly ImportEvidence[]): string {
  return evidence
    .map(({ kind, where, at }) => `${kind === where ? kind : `${kind} ${where}`} ${placeOf(at)}`)
    .join(', ');
}

function placeOf({ file, line }: Position): string {
  return `${file ?? ''}:${line}`;
}
