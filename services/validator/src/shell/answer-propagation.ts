import { type Bus, type Endpoint, endpoint } from '@microstax/bus/bus';
import {
  judgedProbesMax,
  type PropagationObserved,
  type PropagationReply,
  type PropagationRequest,
  propagation,
} from '@microstax/contracts/propagation';
import { propagationSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import type { RequestObserved } from '../core/propagation/attribute.ts';
import { judgePropagation } from '../core/propagation/judge-propagation.ts';

const readsMax = 8; // at once: each is a consumer of the stream
const waitMsMax = 10_000;
const pauseMs = 50;

/** Reads what routers said of the probes, and judges it. Nothing is kept here: the stream has it for an hour. */
export function propagationAnswer(bus: Bus): Endpoint {
  return endpoint(propagation, (request, { org }) => answerPropagation(request, org, bus));
}

async function answerPropagation(request: PropagationRequest, org: string, bus: Bus): Promise<PropagationReply> {
  const { graph, context, probes } = request;
  if (probes.length > judgedProbesMax)
    throw new Error(`Cannot judge ${probes.length} probes: allowed are ${judgedProbesMax}`);
  const endsAt = performance.now() + Math.min(request.waitMs, waitMsMax);
  const read: Read[] = [];
  for (let at = 0; at < probes.length; at += readsMax) {
    const some = probes.slice(at, at + readsMax).map(({ id }) => observationsOf(id, { org, bus, endsAt }));
    read.push(...(await Promise.all(some)));
  }
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

type Read = { readonly id: string; readonly requests: readonly RequestObserved[]; readonly finished: boolean };
type About = { readonly org: string; readonly bus: Bus; readonly endsAt: number };

/** Settles once the router has said that the probe is answered, or at the time-out. */
async function observationsOf(id: string, { org, bus, endsAt }: About): Promise<Read> {
  const filter = propagationSubject(org, id);
  for (;;) {
    const messages = await bus.read(streams.traffic.name, { filter });
    const observed = messages.map(({ body }) => JSON.parse(Buffer.from(body).toString('utf8')) as PropagationObserved);
    const finished = observed.some(({ kind }) => kind === 'answered');
    if (finished || performance.now() > endsAt)
      return { id, requests: observed.filter((one) => one.kind === 'request'), finished };
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
