import { type Bus, type Endpoint, endpoint } from '@microstax/bus/bus';
import {
  type PropagationObserved,
  type PropagationReply,
  type PropagationRequest,
  propagation,
} from '@microstax/contracts/propagation';
import { propagationSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import type { RequestObserved } from '../core/propagation/attribute.ts';
import { judgePropagation } from '../core/propagation/judge-propagation.ts';

const probesMax = 200;
const waitMsMax = 10_000;
const pauseMs = 50;

/** Reads what routers said of the probes, and judges it. Nothing is kept here: the stream has it for an hour. */
export function propagationAnswer(bus: Bus): Endpoint {
  return endpoint(propagation, (request, { org }) => answerPropagation(request, org, bus));
}

async function answerPropagation(request: PropagationRequest, org: string, bus: Bus): Promise<PropagationReply> {
  const { graph, context, probes } = request;
  if (probes.length > probesMax) throw new Error(`Cannot judge ${probes.length} probes: allowed are ${probesMax}`);
  const endsAt = performance.now() + Math.min(request.waitMs, waitMsMax);
  const read = await Promise.all(
    probes.map(async ({ id }) => ({ id, ...(await observationsOf(id, { org, bus, endsAt })) })),
  );
  return {
    ...judgePropagation({
      graph,
      context,
      entries: probes.map(({ entry }) => entry),
      probes: read.map(({ requests }) => requests),
    }),
    unfinished: read.filter(({ finished }) => !finished).map(({ id }) => id),
  };
}

type About = { readonly org: string; readonly bus: Bus; readonly endsAt: number };

/** Settles once the router has said that the probe is answered, or at the time-out. */
async function observationsOf(
  probe: string,
  { org, bus, endsAt }: About,
): Promise<{ readonly requests: readonly RequestObserved[]; readonly finished: boolean }> {
  const filter = propagationSubject(org, probe);
  for (;;) {
    const messages = await bus.read(streams.traffic.name, { filter });
    const observed = messages.map(({ body }) => JSON.parse(Buffer.from(body).toString('utf8')) as PropagationObserved);
    const finished = observed.some(({ kind }) => kind === 'answered');
    if (finished || performance.now() > endsAt)
      return { requests: observed.filter((one) => one.kind === 'request'), finished };
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
