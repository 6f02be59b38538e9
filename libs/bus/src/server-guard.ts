import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';

export type ServerReport = {
  readonly version: string;
  /** What this server has beyond the portable core, for those who say it to people. */
  readonly features: readonly string[];
};

const oldest = [2, 9] as const;
const newestTried = [2, 15] as const;

/** Newer servers tell these apart by version; nothing here is needed. */
const featuresSince: readonly (readonly [feature: string, major: number, minor: number])[] = [
  ['several filters', 2, 10],
  ['message time to live', 2, 11],
  ['atomic batches', 2, 12],
];

/**
 * Rejects with code `unsupported-server` what is older than 2.9 or has no JetStream; logs a warning for a server newer
 * than those this version was tried on, and for a payload limit that a large Blueprint would meet.
 */
export function checkServer({ nats, log }: Connection, wantedPayloadBytes: number): ServerReport {
  const { version = '0.0.0', jetstream = false, max_payload: payloadBytes = 0 } = nats.info ?? {};
  if (!atLeast(version, ...oldest))
    throw new BusError(
      'unsupported-server',
      `Cannot use nats-server ${version}: ${oldest.join('.')} or newer is wanted`,
    );
  if (!jetstream)
    throw new BusError(
      'unsupported-server',
      `Cannot use nats-server ${version}: JetStream is off; start it with -js, or with a jetstream block in its configuration`,
    );
  if (atLeast(version, newestTried[0], newestTried[1] + 1))
    log.warn({ version }, `nats-server is newer than ${newestTried.join('.')}, the newest that was tried`);
  if (payloadBytes < wantedPayloadBytes)
    log.warn({ payloadBytes, wantedPayloadBytes }, 'nats-server takes smaller messages than wanted: raise max_payload');
  const features = featuresSince
    .filter(([, major, minor]) => atLeast(version, major, minor))
    .map(([feature]) => feature);
  return { version, features };
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
