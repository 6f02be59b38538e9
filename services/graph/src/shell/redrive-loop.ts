import { type DurableDefinition, durables, streams } from '@microstax/contracts/topology';
import { failpoint } from '@microstax/service/failpoint';
import { noChanges } from '../core/changes.ts';
import type { ActivationDocument, EnvironmentDocument, SaidDocument } from '../core/documents.ts';
import { activationAt, saidAt } from '../core/places.ts';
import { type DrivenStage, drivenStages, type RedriveView, redrive, sayAgain } from '../core/redrive.ts';
import { eventWasDrivenAgain } from '../events.ts';
import type { Graph } from './graph.ts';
import { type Loop, startLoop } from './loop.ts';

/** Looks at activations that stand still; says their last event again where the bus no longer owes it (protocol 28). */
export function startRedrive(graph: Graph, { redriveMs }: { readonly redriveMs: number }): Loop {
  const work = async (): Promise<boolean> => {
    await redriveAll(graph);
    return false;
  };
  return startLoop({ name: 'redrive', log: graph.log, clock: graph.clock, restMs: redriveMs, work });
}

/** Who has to hear the event that ended a stage, and where the graph records what follows from it. */
const hearers: Readonly<
  Record<DrivenStage, { readonly next: DurableDefinition; readonly own: DurableDefinition | null }>
> = {
  revised: { next: durables.plannerRevised, own: durables.graphPlanner },
  planned: { next: durables.resolverDrafted, own: durables.graphResolver },
  resolved: { next: durables.validatorRecorded, own: durables.graphValidator },
  decided: { next: durables.runtimeApproved, own: null },
};

async function redriveAll(graph: Graph): Promise<void> {
  const standing = await standingActivations(graph);
  for (const stage of drivenStages) {
    const here = standing.filter((activation) => activation.stage === stage);
    if (here.length === 0) continue;
    const view = await look(graph, stage);
    if (view === null) return; // the bus is being opened, and what was on it will be said again
    for (const activation of here) {
      const missing = await missingOf(graph, activation, stage, view);
      await redriveOne(graph, activation, stage, { ...view, missing });
    }
  }
}

async function standingActivations({ store }: Graph): Promise<readonly ActivationDocument[]> {
  const rows = await store.scan<EnvironmentDocument>('environments', { prefix: '' });
  const places = rows.flatMap(({ body }) =>
    body.open.map((generation) => activationAt(body.org, body.env, generation)),
  );
  return (await store.getMany<ActivationDocument>(places)).flatMap((row) => (row ? [row.body] : []));
}

// The order of reading is the argument: floor, then what we ourselves have not recorded.
async function look({ bus, memory }: Graph, stage: DrivenStage): Promise<View | null> {
  const { next, own } = hearers[stage];
  const hearing = await bus.durableState(next);
  const stream = await bus.streamState(streams.events.name);
  const recording = own ? await bus.durableState(own) : { pending: 0, unsettled: 0 };
  if (!hearing || !stream || !recording) return null;
  return {
    incarnation: memory.incarnation,
    firstSequence: stream.firstSequence,
    ackFloor: hearing.ackFloor,
    idle: hearing.pending + hearing.unsettled === 0,
    ownPending: recording.pending + recording.unsettled,
  };
}

type View = Omit<RedriveView, 'missing'> & {
  /** The consumer has nothing to deliver and nothing to settle. */
  readonly idle: boolean;
};

// An idle consumer whose floor is below an event will never hear it, or the event came after the look. Only there it is
// worth asking for it.
async function missingOf(
  { store, bus }: Graph,
  { org, env, generation }: ActivationDocument,
  stage: DrivenStage,
  view: View,
): Promise<number | null> {
  if (!view.idle) return null;
  const [said] = await store.getMany<SaidDocument>([saidAt(org, env, generation, stage)]);
  const sequence = said?.body.sequence ?? 0;
  if (sequence <= view.ackFloor || said?.body.incarnation !== view.incarnation) return null;
  return (await bus.at(streams.events.name, sequence)) === undefined ? sequence : null;
}

async function redriveOne(
  graph: Graph,
  { org, env, generation }: ActivationDocument,
  stage: DrivenStage,
  view: RedriveView,
): Promise<void> {
  const { decision } = await graph.transact(
    async (reader) => ({
      activation: await reader.get<ActivationDocument>(activationAt(org, env, generation)),
      said: await reader.get<SaidDocument>(saidAt(org, env, generation, stage)),
    }),
    ({ activation, said }) => {
      const decision = redrive(said, view);
      const moved = activation === null || activation.stage !== stage;
      if (moved || decision.kind === 'owed') return { decision: null, changes: noChanges };
      return { decision, changes: sayAgain(activation, stage, decision.drive) };
    },
  );
  if (!decision) return;
  await failpoint('graph.redrive.after-decide');
  eventWasDrivenAgain(graph.log, { org, env, generation, stage, drive: decision.drive, reason: decision.reason });
}
