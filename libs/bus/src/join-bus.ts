import { type HealthReply, healthOf } from '@microstax/contracts/health-request';
import { serviceNames } from '@microstax/contracts/subjects';
import type { Log } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { type Bus, endpoint } from './bus.ts';
import { connectBus } from './connect.ts';
import { spanPublisher } from './span-publisher.ts';

export type JoinOptions = {
  readonly service: string;
  readonly natsUrl: string;
  readonly otlpEndpoint?: string | undefined;
  readonly log: Log;
  readonly waitMs?: number;
};

/**
 * What every service begins with: traces under its own name that leave through the bus, and the connection. Both are
 * given to `owned`, the connection last, so it drains before the last spans leave. A service also says how it is.
 */
export async function joinBus(owned: AsyncDisposableStack, options: JoinOptions): Promise<Bus> {
  const { service, natsUrl, otlpEndpoint, log, waitMs } = options;
  const spans = spanPublisher();
  const telemetry = owned.use(
    startTelemetry({ service, publishSpans: spans.publish, ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }) }),
  );
  const wait = waitMs === undefined ? {} : { waitMs };
  const bus = owned.use(await connectBus({ url: natsUrl, service, log, telemetry, ...wait }));
  spans.attach(bus);
  const name = serviceNames.find((one) => one === service);
  if (name !== undefined) owned.use(await bus.serve([endpoint(healthOf(name), async () => healthReply(bus))]));
  return bus;
}

function healthReply({ service, health }: Bus): HealthReply {
  return { service, pid: process.pid, ready: health.ready(), parts: health.describe() };
}
