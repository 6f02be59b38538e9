// Owns: saying what commits made true. An outbox row is said, then removed; a crash between the two says it again under
// the same id, which the server drops (protocol 7, 9).
// 1. Rows about one environment are said in their order; different environments do not wait for each other. Small rows of
//    one commit are sent together: one connection keeps their order, and where one fails, it and those after it are said
//    again.
// 2. A row that can never be said (its own contract refuses it) is a defect: said loudly, then removed, never in the way.
// 3. Rows come from the commits that wrote them, and once a second from the store, for those of before a start.
// 4. What is only looked at by people who watch waits a moment, in which whoever made the commit goes on; a row that
//    somebody waits for takes along what waits about its environment (invariant 1).
// 5. Said rows are removed together, a moment later: nobody waits for that, and it is a sync to disk. The store is not
//    read meanwhile, so a row that was said is not taken for one that waits.
import { BusError } from '@microstax/bus/bus-error';
import { Lanes } from '@microstax/bus/lanes';
import type { Bundle } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import { eventContracts } from '@microstax/contracts/events';
import { executionStarted } from '@microstax/contracts/execution-started';
import { jobChanged } from '@microstax/contracts/job-changed';
import { outputMessageId } from '@microstax/contracts/message-id';
import type { Digest } from '@microstax/model/digest';
import { must } from '@microstax/model/must';
import { failpoint } from '@microstax/service/failpoint';
import { traceContextOf } from '@microstax/service/telemetry';
import { context } from '@opentelemetry/api';
import type { Put } from '../core/changes.ts';
import type { ArtifactDocument, SaidDocument } from '../core/documents.ts';
import type { OutboxRow } from '../core/outbox.ts';
import { artifactAt, saidAt } from '../core/places.ts';
import type { Graph } from './graph.ts';
import { type Loop, startLoop } from './loop.ts';

type RelayGraph = Pick<Graph, 'store' | 'bus' | 'log' | 'clock' | 'memory'>;

export type NumberedRow = { readonly n: number; readonly row: OutboxRow };

export interface Relay extends AsyncDisposable {
  /** Says rows that a commit has just written. */
  say(rows: readonly NumberedRow[]): void;
  /** Looks into the store, for a commit whose rows have no number yet. */
  wake(): void;
}

const sayingMax = 64; // environments at once
const pageRows = 256;
const readMs = 1_000;
const lingerMs = 10;
const settleMs = 50;
const failedRestMs = { first: 100, most: 1_000 } as const;

/**
 * Says outbox rows as they come. Settles when it knows those of before this start, so that they are said first. Disposing
 * finishes what is being said, and removes what was.
 */
export async function startRelay(graph: RelayGraph): Promise<Relay> {
  const relay = new OutboxRelay(graph);
  await relay.read();
  return relay;
}

/** What is sent together: rows of one commit about one environment. */
type Waiting = { readonly rows: readonly NumberedRow[]; failures: number };

class OutboxRelay implements Relay {
  readonly #graph: RelayGraph;
  readonly #lanes = new Lanes<Waiting>();
  /** Rows that are known here and not yet removed from the store. */
  readonly #known = new Set<number>();
  readonly #saying = new Set<Promise<void>>();
  /** By lane (invariant 4). */
  readonly #lingering = new Map<string, { readonly rows: NumberedRow[]; readonly timer: NodeJS.Timeout }>();
  #said = new Map<number, Put | null>();
  #settling: NodeJS.Timeout | undefined;
  /** Reading and removing, one at a time (invariant 5). */
  #turn: Promise<void> = Promise.resolve();
  readonly #end = new AbortController();
  readonly #reading: Loop;

  constructor(graph: RelayGraph) {
    this.#graph = graph;
    const { log, clock } = graph;
    const work = (): Promise<boolean> => this.read();
    this.#reading = startLoop({ name: 'relay', log, clock, restMs: readMs, work });
  }

  say(rows: readonly NumberedRow[]): void {
    const unknown = rows.filter(({ n }) => !this.#known.has(n));
    for (const { n } of unknown) this.#known.add(n);
    const byEnvironment = Map.groupBy(unknown, ({ row }) => `${row.body.org}/${row.body.env}`);
    for (const [lane, ofLane] of byEnvironment) {
      if (ofLane.every(({ row }) => unhurried.has(row.event))) this.#linger(lane, ofLane);
      else this.#push(lane, ofLane);
    }
    this.#run();
  }

  #linger(lane: string, rows: readonly NumberedRow[]): void {
    const here = this.#lingering.get(lane);
    if (here !== undefined) {
      here.rows.push(...rows);
      return;
    }
    const late = (): void => {
      this.#push(lane, []);
      this.#run();
    };
    this.#lingering.set(lane, { rows: [...rows], timer: setTimeout(late, lingerMs) });
  }

  /** Rows of a lane, after those that linger there. */
  #push(lane: string, rows: readonly NumberedRow[]): void {
    const before = this.#lingering.get(lane);
    clearTimeout(before?.timer);
    this.#lingering.delete(lane);
    for (const together of sentTogether([...(before?.rows ?? []), ...rows]))
      this.#lanes.push(lane, { rows: together, failures: 0 });
  }

  wake(): void {
    this.#reading.wake();
  }

  read(): Promise<boolean> {
    return this.#inTurn(() => this.#readAll());
  }

  async #readAll(): Promise<boolean> {
    for (let after = 0; !this.#end.signal.aborted; ) {
      const rows = await this.#graph.store.readLog<OutboxRow>('outbox', { after, limit: pageRows });
      this.say(rows.map(({ n, body }) => ({ n, row: body })));
      if (rows.length < pageRows) break;
      after = must(rows.at(-1), 'a full page has a last row').n;
    }
    return false;
  }

  #run(): void {
    while (!this.#end.signal.aborted && this.#saying.size < sayingMax) {
      const next = this.#lanes.take();
      if (next === undefined) return;
      const saying = this.#sayTogether(next.key, next.item).finally(() => {
        this.#saying.delete(saying);
        this.#run();
      });
      this.#saying.add(saying);
    }
  }

  async #sayTogether(lane: string, { rows, failures }: Waiting): Promise<void> {
    const results = await Promise.allSettled(rows.map(({ row }) => sayRow(this.#graph, row)));
    const failedAt = results.findIndex((result) => result.status === 'rejected' && isPassing(result.reason));
    const said = failedAt === -1 ? rows : rows.slice(0, failedAt);
    for (const [index, { n, row }] of said.entries()) this.#noteSaid(n, row, results[index]);
    if (failedAt === -1) return this.#lanes.release(lane);
    const { log, clock } = this.#graph;
    const left = rows.slice(failedAt);
    const { reason } = results[failedAt] as PromiseRejectedResult;
    const delayMs = Math.min(failedRestMs.most, failedRestMs.first * 2 ** failures);
    if (!this.#end.signal.aborted) log.warn({ err: reason, ...aboutRow(left[0]?.row), delayMs }, 'relay: tried again');
    await clock.delay(delayMs, this.#end.signal);
    this.#lanes.putBack(lane, { rows: left, failures: failures + 1 });
  }

  #noteSaid(n: number, row: OutboxRow, result: PromiseSettledResult<Put | null> | undefined): void {
    if (result?.status === 'rejected')
      this.#graph.log.error({ err: result.reason, ...aboutRow(row) }, 'an event can never be said');
    this.#toSettle(n, result?.status === 'fulfilled' ? result.value : null);
  }

  #toSettle(n: number, note: Put | null): void {
    this.#said.set(n, note);
    this.#settling ??= setTimeout(() => void this.#inTurn(() => this.#settle()), settleMs);
  }

  /** Removes what was said, along with the notes that redrive needs and what is remembered of the bus. */
  async #settle(): Promise<void> {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    const said = this.#said;
    if (said.size === 0) return;
    this.#said = new Map();
    const { store, memory, log } = this.#graph;
    const puts = [...said.values()].filter((put) => put !== null);
    const settled = [...said.keys()];
    try {
      await store.commit({ guards: [], puts: [...puts, ...memory.takeChanges()], removes: [], appends: [], settled });
      for (const n of settled) this.#known.delete(n);
    } catch (error) {
      if (!this.#end.signal.aborted) log.warn({ err: error }, 'what was said is removed later');
      for (const [n, note] of said) this.#toSettle(n, note);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lane of [...this.#lingering.keys()]) this.#push(lane, []);
    this.#run();
    this.#end.abort();
    await this.#reading[Symbol.asyncDispose]();
    await Promise.all(this.#saying);
    await this.#inTurn(() => this.#settle());
    clearTimeout(this.#settling);
  }
}

/** Nobody waits for these. */
const unhurried: ReadonlySet<string> = new Set([executionStarted.name, jobChanged.name]);

const togetherMax = 64;

/** A row with a bundle goes alone, because its artifacts may have to be stored first. */
function sentTogether(rows: readonly NumberedRow[]): readonly (readonly NumberedRow[])[] {
  const groups: NumberedRow[][] = [];
  for (const numbered of rows) {
    const last = groups.at(-1);
    const joins = last !== undefined && last.length < togetherMax && ![last[0], numbered].some(hasBundle);
    if (joins) last.push(numbered);
    else groups.push([numbered]);
  }
  return groups;
}

function hasBundle(numbered: NumberedRow | undefined): boolean {
  return numbered !== undefined && 'bundle' in numbered.row.body;
}

function aboutRow(row: OutboxRow | undefined) {
  return { event: row?.event, org: row?.body.org, env: row?.body.env };
}

function isPassing(error: unknown): boolean {
  return !(error instanceof TypeError) && !(error instanceof BusError && error.code === 'payload-too-large');
}

/** Says one row; gives the note that redrive needs where the row ends a stage. */
async function sayRow({ store, bus, memory }: RelayGraph, row: OutboxRow): Promise<Put | null> {
  const contract = must(contracts.get(row.event), `the outbox holds events of ours, not "${row.event}"`);
  const { inputId, ordinal, drive, purpose, traceparent } = row;
  const cause = traceparent === null ? context.active() : traceContextOf(traceparent);
  return context.with(cause, async () => {
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
