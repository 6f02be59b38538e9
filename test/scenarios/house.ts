import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import { spanPublisher } from '@microstax/bus/span-publisher';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { CommandVerb } from '@microstax/contracts/command';
import {
  type ActivationItem,
  type EnvironmentDetail,
  type Query,
  type QueryReply,
  query,
  type ServiceItem,
} from '@microstax/contracts/queries';
import { blueprintSubject, commandSubject } from '@microstax/contracts/subjects';
import { readGraphConfig } from '@microstax/graph/config';
import { startGraph } from '@microstax/graph/service';
import { readIntakeConfig } from '@microstax/intake/config';
import { startIntake } from '@microstax/intake/service';
import type { ArtifactKind } from '@microstax/model/digest';
import { defaultOrg } from '@microstax/model/names';
import type { EnvironmentStatus } from '@microstax/model/status';
import { readPlannerConfig } from '@microstax/planner/config';
import { startPlanner } from '@microstax/planner/service';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { readRuntimeConfig } from '@microstax/runtime/config';
import { startRuntime } from '@microstax/runtime/service';
import type { Env } from '@microstax/service/env';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { eventually } from '@microstax/testkit/eventually';
import { startTestNats } from '@microstax/testkit/nats';
import { processesWith } from '@microstax/testkit/processes';
import { readValidatorConfig } from '@microstax/validator/config';
import { startValidator } from '@microstax/validator/service';
import { followActivation } from '../../apps/cli/src/follow.ts';
import type { Session } from '../../apps/cli/src/session.ts';
import { submit } from '../../apps/cli/src/submit.ts';
import { readRouterConfig } from '../../apps/router/src/config.ts';
import { startRouter } from '../../apps/router/src/service.ts';
import { createGates, type Gates } from './gates.ts';
import { publishByHand } from './raw-publish.ts';

/** The order of the start; everything ends in the opposite one, so processes end while their graph still listens. */
const order = ['graph', 'router', 'intake', 'planner', 'resolver', 'validator', 'runtime'] as const;
export type Room = (typeof order)[number];

export type Applied = {
  readonly submission: string;
  readonly answer: SubmissionAnswer;
  /** The activation with its outcome, where there is one and it was waited for. */
  readonly activation: ActivationItem | undefined;
};

export type HouseOptions = {
  /** Variables over the defaults, as a service reads them. */
  readonly env?: Readonly<Record<string, string>>;
};

/** The whole system in this test process against a nats-server of its own; only programs of environments are processes. */
export type House = AsyncDisposable & {
  readonly url: string;
  readonly dataDir: string;
  readonly session: Session;
  readonly bus: Bus;
  /** Protocol 33. */
  readonly gates: Gates;
  /** A raw PUB without a header; settles when the server has it. */
  publish(env: string, blueprint: string): Promise<void>;
  /** Submits as the CLI does; waits for the outcome unless told otherwise. */
  apply(env: string, blueprint: string, options?: { readonly wait?: boolean }): Promise<Applied>;
  command(verb: CommandVerb, env: string, options?: { readonly cascade?: boolean }): Promise<Applied>;
  /** Settles with an activation that has its outcome; also one that has not begun. */
  outcome(env: string, generation: number): Promise<ActivationItem>;
  ask<K extends Query['kind']>(question: Query & { kind: K }): Promise<Extract<QueryReply, { kind: K }> | undefined>;
  detail(env: string, at?: number): Promise<EnvironmentDetail>;
  artifact<T>(env: string, kind: ArtifactKind, at?: number): Promise<T>;
  status(env: string): Promise<EnvironmentStatus | undefined>;
  services(env: string): Promise<readonly ServiceItem[]>;
  /** Names of the services that run here, sorted. */
  locals(env: string): Promise<readonly string[]>;
  /** Process ids of the local services by name. */
  pids(env: string): Promise<Readonly<Record<string, readonly number[]>>>;
  urlOf(env: string, service: string, port?: string): Promise<string>;
  restart(room: Room): Promise<void>;
  /** Until it is restarted, or the house ends. */
  stop(room: Room): Promise<void>;
};

const outcomeTimeoutMs = 40_000;
const root = join(import.meta.dirname, '..', '..');

/** Starts the house; settles once everything hears. Disposing it ends everything and fails where a process is left. */
export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const owned = new AsyncDisposableStack();
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'msx-house-'));
    owned.defer(() => rm(dataDir, { recursive: true, force: true }));
    owned.defer(() => nobodyIsLeft(dataDir));
    const nats = owned.use(await startTestNats({ storeDir: join(dataDir, 'bus') }));
    const gates = createGates();
    const rooms = owned.use(new Rooms(environmentOf(nats.url, dataDir, options), gates));
    await rooms.start();
    owned.defer(() => gates.releaseAll());
    const session = owned.use(await openSession(nats.url));
    return furnish({ session, dataDir, gates, rooms, owned });
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

/** TMPDIR marks every program that the runtime starts, so that one left behind is found. */
function environmentOf(url: string, dataDir: string, { env = {} }: HouseOptions): Env {
  const { PATH = '', HOME = '' } = process.env;
  return {
    NATS_URL: url,
    MSX_DATA: dataDir,
    MSX_DB: join(dataDir, 'graph.db'),
    MSX_WORKDIR: root,
    MSX_LOG_LEVEL: process.env.MSX_LOG_LEVEL ?? 'error',
    PATH: `${dirname(process.execPath)}:${PATH}`,
    HOME,
    TMPDIR: dataDir,
    ...env,
  };
}

class Rooms {
  readonly #env: Env;
  readonly #gates: Gates;
  readonly #started = new Map<Room, AsyncDisposable>();

  constructor(env: Env, gates: Gates) {
    this.#env = env;
    this.#gates = gates;
  }

  async start(): Promise<void> {
    for (const room of order) this.#started.set(room, await this.#open(room));
  }

  async stop(room: Room): Promise<void> {
    await this.#started.get(room)?.[Symbol.asyncDispose]();
    this.#started.delete(room);
  }

  async restart(room: Room): Promise<void> {
    await this.stop(room);
    this.#started.set(room, await this.#open(room));
  }

  #open(room: Room): Promise<AsyncDisposable> {
    const env = this.#env as NodeJS.ProcessEnv;
    const overrides = { gate: this.#gates.gateOf(room) };
    switch (room) {
      case 'graph':
        return startGraph(readGraphConfig(env), overrides);
      case 'router':
        return startRouter(readRouterConfig(env));
      case 'intake':
        return startIntake(readIntakeConfig(env), overrides);
      case 'planner':
        return startPlanner(readPlannerConfig(env), overrides);
      case 'resolver':
        return startResolver(readResolverConfig(env), overrides);
      case 'validator':
        return startValidator(readValidatorConfig(env), overrides);
      case 'runtime':
        return startRuntime(readRuntimeConfig(env), overrides);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const room of [...order].reverse()) await this.#started.get(room)?.[Symbol.asyncDispose]();
  }
}

async function openSession(url: string): Promise<Session> {
  const spans = spanPublisher();
  const telemetry = startTelemetry({ service: 'cli', publishSpans: spans.publish });
  const bus = await connectBus({ url, service: 'cli', log: silentLog, telemetry });
  spans.attach(bus);
  return {
    bus,
    telemetry,
    url,
    org: defaultOrg,
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await telemetry[Symbol.asyncDispose]();
    },
  };
}

type Furniture = {
  readonly session: Session;
  readonly dataDir: string;
  readonly gates: Gates;
  readonly rooms: Rooms;
  readonly owned: AsyncDisposableStack;
};

function furnish({ session, dataDir, gates, rooms, owned }: Furniture): House {
  const { bus, org, url } = session;
  const send = async (env: string, subject: string, body: string, wait: boolean): Promise<Applied> => {
    const { id, answer } = await submit(session, { env, subject, body: Buffer.from(body) });
    const generation = 'generation' in answer ? answer.generation : undefined;
    const activation = wait && generation !== undefined ? await house.outcome(env, generation) : undefined;
    return { submission: id, answer, activation };
  };
  const house: House = {
    url,
    dataDir,
    session,
    bus,
    gates,
    publish: (env, blueprint) => publishByHand(url, blueprintSubject({ org, env }), Buffer.from(blueprint)),
    apply: (env, blueprint, { wait = true } = {}) => send(env, blueprintSubject({ org, env }), blueprint, wait),
    command: (verb, env, { cascade = false } = {}) =>
      send(env, commandSubject({ service: 'graph', org, env, verb }), cascade ? JSON.stringify({ cascade }) : '', true),
    outcome: (env, generation) =>
      followActivation(session, { env, generation, timeoutMs: outcomeTimeoutMs, progress: () => undefined }),
    async ask(question) {
      const reply = await bus.request(query, org, question);
      return reply.kind === 'not found' ? undefined : (reply as never);
    },
    async detail(env, at) {
      const reply = await house.ask({ kind: 'environment-detail', env, at });
      if (reply === undefined) throw new Error(`There is no environment "${env}"`);
      return reply.item;
    },
    async artifact<T>(env: string, kind: ArtifactKind, at?: number): Promise<T> {
      const found = (await house.detail(env, at)).artifacts[kind];
      if (found === undefined) throw new Error(`"${env}" has no ${kind}`);
      return JSON.parse(found.bytes) as T;
    },
    status: async (env) => (await house.ask({ kind: 'environments' }))?.items.find((item) => item.env === env),
    services: async (env) => (await house.ask({ kind: 'services', env }))?.items ?? [],
    locals: async (env) =>
      (await house.services(env))
        .filter(({ placement }) => placement === 'local')
        .map(({ service }) => service)
        .sort(),
    pids: async (env) =>
      Object.fromEntries(
        (await house.services(env)).filter(({ pids }) => pids.length > 0).map(({ service, pids }) => [service, pids]),
      ),
    urlOf: (env, service, port = 'http') =>
      eventually(async () => (await house.services(env)).find((item) => item.service === service)?.urls[port], {
        message: `${env}/${service} has a URL for port "${port}"`,
      }),
    restart: (room) => rooms.restart(room),
    stop: (room) => rooms.stop(room),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return house;
}

async function nobodyIsLeft(dataDir: string): Promise<void> {
  await eventually(() => processesWith(dataDir).length === 0, {
    timeoutMs: 3_000,
    message: `no process of ${dataDir} is left, but ${processesWith(dataDir).join(', ')}`,
  });
}
