import type { Bus } from '@microstax/bus/bus';
import { eventContracts } from '@microstax/contracts/events';
import { buckets, durables, environmentKey, streams } from '@microstax/contracts/topology';
import { defaultOrg as org } from '@microstax/model/names';
import type { EnvironmentStatus } from '@microstax/model/status';

/** Where an activation stands, for whoever waited in vain: its status, its last events, and who has messages left. */
export async function whereItStands(bus: Bus, env: string): Promise<string> {
  const parts = await Promise.all([statusText(bus, env), eventsText(bus, env), consumersText(bus)]);
  return parts.join('; ');
}

async function statusText(bus: Bus, env: string): Promise<string> {
  const bucket = await bus.bucket(buckets.environments);
  const status = (await bucket.get<EnvironmentStatus>(environmentKey(org, env)))?.value;
  if (status === undefined) return 'it has no status';
  const { generation, stage, outcome, reason, journalLength, epoch } = status;
  return `generation ${generation}, stage "${stage}", outcome "${outcome}": ${reason}; epoch ${epoch}, journal ${journalLength}`;
}

async function eventsText(bus: Bus, env: string): Promise<string> {
  const subjects = new Map(eventContracts.map(({ name, subject }) => [subject({ org, env } as never), name]));
  const last = await Promise.all(
    [...subjects].map(async ([subject, name]) => ({ name, message: await bus.lastOn(streams.events.name, subject) })),
  );
  const said = last.flatMap(({ name, message }) => (message ? [{ name, sequence: message.sequence }] : []));
  const texts = said.sort((a, b) => a.sequence - b.sequence).map(({ name, sequence }) => `${name} ${sequence}`);
  return `events: ${texts.join(', ') || 'none'}`;
}

async function consumersText(bus: Bus): Promise<string> {
  const states = await Promise.all(
    Object.values(durables).map(async (durable) => ({ name: durable.name, state: await bus.durableState(durable) })),
  );
  const busy = states.flatMap(({ name, state }) =>
    state && state.pending + state.unsettled > 0
      ? [`${name} (${state.pending} pending, ${state.unsettled} unsettled, floor ${state.ackFloor})`]
      : [],
  );
  return `consumers: ${busy.join(', ') || 'all idle'}`;
}
