import type { Bus } from '@microstax/bus/bus';
import { BusError, Unavailable } from '@microstax/bus/bus-error';
import { incarnationOf } from '@microstax/contracts/graph-requests';
import type { RequestContract } from '@microstax/contracts/request-contract';
import { defaultOrg } from '@microstax/model/names';

const probeTimeoutMs = 1_000;

/** Asks the graph. Rejects with `Unavailable` where it is away: an outage pauses, it fails nothing (protocol 32). */
export async function askGraph<Request, Reply>(
  bus: Bus,
  contract: RequestContract<Request, Reply>,
  org: string,
  body: Request,
): Promise<Reply> {
  try {
    return await bus.request(contract, org, body);
  } catch (error) {
    if (error instanceof BusError && error.again) throw new Unavailable('graph', { cause: error });
    throw error;
  }
}

/** Whether the graph answers. */
export async function graphAnswers(bus: Bus): Promise<boolean> {
  try {
    await bus.request(incarnationOf, defaultOrg, {}, { timeoutMs: probeTimeoutMs });
    return true;
  } catch {
    return false;
  }
}
