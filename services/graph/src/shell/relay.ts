// Owns: saying what commits made true. An outbox row is said, then removed; a crash between the two says it again under
// the same id, which the server drops (protocol 7, 9).
// 1. Rows about one environment are said in their order; different environments do not wait for each other.
// 2. A row that can never be said (its own contract refuses it) is a defect: said loudly, then removed, never in the way.
import { BusError } from '@microstax/bus/bus-error';
import type { Bundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import { eventContracts } from '@microstax/contracts/events';
import { outputMessageId } from '@microstax/contracts/message-id';
import type { Digest } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import { failpoint } from '@microstax/service/failpoint';
import { inSpan, traceContextOf } from '@microstax/service/telemetry';
import type { Put } from '../core/changes.ts';
import type { ArtifactDocument, SaidDocument } from '../core/documents.ts';
import type { OutboxRow } from '../core/outbox.ts';
import { artifactAt, saidAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { type Loop, startLoop } from './loop.ts';
import { type LogRow, StoreError } from './store/graph-store.ts';

type RelayGraph = Pick<Graph, 'store' | 'bus' | 'log' | 'clock' | 'memory'>;

const rowsMax = 64; // one round: bounds what a crash says twice

/** Says outbox rows as they come; `wake` it after a commit that wrote one. */
export function startRelay(graph: RelayGraph): Loop {
  return startLoop({ name: 'relay', log: graph.log, clock: graph.clock, restMs: 1_000, work: () => relayOnce(graph) });
}

async function relayOnce(graph: RelayGraph): Promise<boolean> {
  const rows = await graph.store.readLog<OutboxRow>('outbox', { limit: rowsMax });
  if (rows.length === 0) return false;
  const lanes = Map.groupBy(rows, ({ body }) => `${body.body.org}/${body.body.env}`);
  const results = await Promise.allSettled([...lanes.values()].map((lane) => relayLane(graph, lane)));
  const said = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.said : []));
  if (said.length > 0) {
    const puts = said.flatMap(({ put }) => (put ? [put] : []));
    const memory = graph.memory.takeChanges();
    await graph.store.commit({
      guards: [],
      puts: [...puts, ...memory],
      removes: [],
      appends: [],
      settled: said.map(({ n }) => n),
    });
  }
  const failure = results.flatMap((result) =>
    result.status === 'fulfilled' && result.value.error ? [result.value.error] : [],
  )[0];
  if (failure) throw failure;
  return rows.length === rowsMax;
}

type Said = { readonly n: number; readonly put: Put | null };

async function relayLane(
  graph: RelayGraph,
  lane: readonly LogRow<OutboxRow>[],
): Promise<{ said: Said[]; error: unknown }> {
  const said: Said[] = [];
  for (const { n, body: row } of lane) {
    try {
      said.push({ n, put: await sayRow(graph, row) });
    } catch (error) {
      if (isPassing(error)) return { said, error };
      graph.log.error(
        { err: error, event: row.event, org: row.body.org, env: row.body.env },
        'an event can never be said',
      );
      said.push({ n, put: null });
    }
  }
  return { said, error: undefined };
}

/** The bus or the store is away: the row waits. Anything else would be the same the next time. */
function isPassing(error: unknown): boolean {
  return error instanceof StoreError || (error instanceof BusError && error.code !== 'payload-too-large');
}

/** Says one row; gives the note that redrive needs where the row ends a stage. */
async function sayRow({ store, bus, memory }: RelayGraph, row: OutboxRow): Promise<Put | null> {
  const contract = must(contracts.get(row.event), `the outbox holds events of ours, not "${row.event}"`);
  const { inputId, ordinal, drive, purpose, traceparent } = row;
  const { tracer } = bus.telemetry;
  const parent = traceparent === null ? {} : { parent: traceContextOf(traceparent) };
  return inSpan(tracer, `relay ${row.event}`, { ...parent, attributes: { 'msx.env': row.body.env } }, async () => {
    const body = await withBytes(store, row.body);
    await failpoint('graph.relay.before-publish');
    const { stream, sequence } = await bus.publish(contract, body, { inputId, ordinal, drive, purpose });
    await failpoint('graph.relay.after-publish');
    const id = outputMessageId({ org: body.org, inputId, subject: contract.subject(body), ordinal, drive });
    memory.note(stream, sequence, id);
    return saidPut(row, sequence, memory.incarnation);
  });
}

const contracts = new Map(
  eventContracts.map((contract) => [contract.name, contract as unknown as EventContract<OutboxRow['body']>]),
);

const stageByEvent = {
  'environment revised': 'revised',
  'plan drafted': 'planned',
  'resolution recorded': 'resolved',
  'activation approved': 'decided',
} as const;

function saidPut({ event, body, drive }: OutboxRow, sequence: number, incarnation: number): Put | null {
  const stage = stageByEvent[event as keyof typeof stageByEvent];
  if (stage === undefined || body.generation === undefined) return null;
  const { org, env, generation } = body;
  const said: SaidDocument = { org, env, generation, stage, sequence, incarnation, drive };
  return { ...saidAt(org, env, generation, stage), body: said };
}

/** Puts the bytes of named artifacts into a body; what is too large for an event, the bus moves to the object store. */
async function withBytes(store: Graph['store'], body: OutboxRow['body']): Promise<OutboxRow['body']> {
  const { bundle } = body as { readonly bundle?: Bundle };
  if (bundle === undefined) return body;
  const named = Object.entries(bundle) as [string, { readonly digest: Digest }][];
  const rows = await store.getMany<ArtifactDocument>(named.map(([, { digest }]) => artifactAt(body.org, digest)));
  const entries = named.map(([kind, { digest }], index) => {
    const { bytes } = must(rows[index]?.body, `artifact ${digest} is recorded before it is said`);
    return [kind, { digest, bytes }];
  });
  return { ...body, bundle: Object.fromEntries(entries) } as OutboxRow['body'];
}
