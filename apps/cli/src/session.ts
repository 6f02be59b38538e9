import type { Bus } from '@microstax/bus/bus';
import { BusError } from '@microstax/bus/bus-error';
import { joinBus } from '@microstax/bus/join-bus';
import type { RequestContract } from '@microstax/contracts/request-contract';
import { isToken } from '@microstax/model/names';
import { createLog } from '@microstax/service/log';
import { isSameProcess } from '@microstax/service/process-identity';
import type { Telemetry } from '@microstax/service/telemetry';
import { CliError } from './cli-error.ts';
import { readCliEnv } from './config.ts';
import { exitCodes } from './exit-codes.ts';
import { readUpFile } from './up-file.ts';

/** A command's connection to the bus: the address comes from NATS_URL, else from the `up.json` of `msx up`. */
export type Session = AsyncDisposable & {
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly org: string;
  readonly url: string;
};

export async function openSession(options: { readonly org?: string } = {}): Promise<Session> {
  const env = readCliEnv();
  const org = organisation(options.org ?? env.org);
  const url = env.natsUrl ?? urlOfUp(env.dataDir);
  const owned = new AsyncDisposableStack();
  const log = createLog({ service: 'cli', level: 'silent' });
  try {
    const { otlpEndpoint } = env;
    const bus = await joinBus(owned, { service: 'cli', natsUrl: url, otlpEndpoint, log, waitMs: 3_000 });
    return {
      bus,
      telemetry: bus.telemetry,
      url,
      org,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (cause) {
    await owned.disposeAsync();
    const message = `Cannot reach the bus at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CliError({ code: 'no-bus', message, next: 'msx up' });
  }
}

function organisation(name: string): string {
  if (isToken(name)) return name;
  throw new CliError({
    code: 'bad-organisation',
    message: `Cannot take ${JSON.stringify(name)} as an organisation: allowed are 1 to 40 of a-z, 0-9 and "-"`,
    exitCode: exitCodes.usage,
  });
}

/** Asks a service; says which one is missing where nobody answers. */
export async function ask<Request, Reply>(
  session: Session,
  contract: RequestContract<Request, Reply>,
  body: Request,
  timeoutMs = 10_000,
): Promise<Reply> {
  try {
    return await session.bus.request(contract, session.org, body, { timeoutMs });
  } catch (cause) {
    if (!(cause instanceof BusError)) throw cause;
    if (cause.code === 'refused')
      throw new CliError({ code: 'refused', message: cause.message, exitCode: exitCodes.invalidInput });
    throw new CliError({
      code: cause.code,
      message: `Cannot ask the ${contract.service} service: ${cause.message}`,
      next: 'start it with: msx up',
    });
  }
}

function urlOfUp(dataDir: string): string {
  const file = readUpFile(dataDir);
  const self = file?.processes.find((one) => one.pid === file.pid);
  if (file && self && isSameProcess(self)) return file.bus;
  throw new CliError({
    code: 'not-up',
    message: file
      ? `Nothing runs: the msx up (pid ${file.pid}) of ${dataDir} has ended`
      : `Nothing runs: NATS_URL is not set and there is no ${dataDir}/up.json`,
    next: 'msx up, in another terminal; or set NATS_URL; or set MSX_DATA to the directory given to msx up --data',
  });
}
