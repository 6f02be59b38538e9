import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bus } from '@microstax/bus/bus';
import { connectBus } from '@microstax/bus/connect';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import type { CommandVerb } from '@microstax/contracts/command';
import { answerOf } from '@microstax/contracts/graph-requests';
import { headerNames } from '@microstax/contracts/header-names';
import { type ActivationItem, type EnvironmentDetail, query } from '@microstax/contracts/queries';
import { blueprintSubject, commandSubject } from '@microstax/contracts/subjects';
import { buckets, environmentKey, streams } from '@microstax/contracts/topology';
import { readGraphConfig } from '@microstax/graph/config';
import { startGraph } from '@microstax/graph/service';
import { readIntakeConfig } from '@microstax/intake/config';
import { startIntake } from '@microstax/intake/service';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import { defaultOrg } from '@microstax/model/names';
import type { EnvironmentStatus } from '@microstax/model/status';
import { readPlannerConfig } from '@microstax/planner/config';
import { startPlanner } from '@microstax/planner/service';
import { readResolverConfig } from '@microstax/resolver/config';
import { startResolver } from '@microstax/resolver/service';
import { readRuntimeConfig } from '@microstax/runtime/config';
import { startRuntime } from '@microstax/runtime/service';
import { silentLog } from '@microstax/service/log';
import type { RunningNatsServer } from '@microstax/service/nats-server';
import { startTelemetry } from '@microstax/service/telemetry';
import { startTestNats } from '@microstax/testkit/nats';
import { processesWith } from '@microstax/testkit/processes';
import { readValidatorConfig } from '@microstax/validator/config';
import { startValidator } from '@microstax/validator/service';
import { readRouterConfig } from '../../apps/router/src/config.ts';
import { startRouter } from '../../apps/router/src/service.ts';
import { asYaml, type WrittenBlueprint } from '../scenarios/blueprints.ts';
import { createGates, type Gates } from '../scenarios/gates.ts';
import { type Ask, type Books, closeBooks } from './books.ts';
import { type CountedBlueprints, countedBlueprints } from './counted-blueprints.ts';
import { eventually, whileItMoves } from './patience.ts';
import { type LivingProgram, programsOf } from './programs-of.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

// Owns: a whole system that a fault may be done to: its parts start and end alone, its bus can be killed and emptied.
//
// 1. What is started as a process carries the house's folder in its environment, so that nothing is left behind unseen.
// 2. What the house sends and asks survives an outage: it is asked again until it is answered or the time is over.

const order = ['graph', 'router', 'intake', 'planner', 'resolver', 'validator', 'runtime'] as const;
export type Room = (typeof order)[number];

export type FaultHouseOptions = {
  /** Variables over the defaults, as a service reads them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Not started with the house. */
  readonly without?: readonly Room[];
  /** Started as processes of their own, the others in this one. */
  readonly asProcesses?: readonly Room[];
};

export type Applied = { readonly submission: string; readonly answer: SubmissionAnswer };

export type FaultHouse = AsyncDisposable & {
  readonly url: string;
  readonly dataDir: string;
  readonly bus: Bus;
  readonly gates: Gates;
  readonly blueprints: CountedBlueprints;
  readonly variables: Readonly<Record<string, string>>;
  /** Starts a room in this process. */
  open(room: Room): Promise<void>;
  /** Ends it in order. */
  close(room: Room): Promise<void>;
  /** Starts a room as a process of its own; it is ended with the house. */
  launch(room: Room, env?: Readonly<Record<string, string>>): ServiceProcess;
  /** The process of a room, launched last. */
  processOf(room: Room): ServiceProcess;
  /** The bus dies without a word, and an empty one comes back on its port. */
  loseBus(): Promise<void>;
  /** The bus dies without a word; settles with what starts it again over what it had. */
  killBus(): Promise<() => Promise<void>>;
  /** Sends a Blueprint under an id of its own and settles with its answer. */
  apply(blueprint: WrittenBlueprint): Promise<Applied>;
  /** Sends and does not wait for an answer. */
  send(blueprint: WrittenBlueprint): Promise<string>;
  /** The client's own retry: sends it again under its id, unless it has its answer (protocol 2). */
  sendAgain(submission: string, blueprint: WrittenBlueprint): Promise<void>;
  command(verb: CommandVerb, env: string): Promise<Applied>;
  answer(submission: string): Promise<SubmissionAnswer>;
  /** Settles with an activation that has its outcome; waits for as long as anything of the house moves. */
  outcome(env: string, generation: number): Promise<ActivationItem>;
  /** Applies, and settles with the outcome; fails where the answer is no new generation. */
  activate(blueprint: WrittenBlueprint): Promise<ActivationItem>;
  readonly ask: Ask;
  journal(env: string): Promise<readonly JournalEntry[]>;
  detail(env: string): Promise<EnvironmentDetail>;
  /** What everybody reads in `msx_environments`. */
  status(env: string): Promise<EnvironmentStatus | undefined>;
  /** The revision of an environment's key in `msx_routes`; 0 without one. */
  routesRevision(env: string): Promise<number>;
  /** Living programs. */
  programs(env?: string): readonly LivingProgram[];
  /** How often each `<env> <service> <version>` was started so far. */
  starts(env?: string): ReadonlyMap<string, number>;
  /** Every submission of the house has one answer and every activation one outcome, or this fails. */
  closeBooks(): Promise<Books>;
};

const root = join(import.meta.dirname, '..', '..');
const pollMs = 50;

/** Starts the house; settles once everything hears. Disposing it fails where a process is left. */
export async function startFaultHouse(options: FaultHouseOptions = {}): Promise<FaultHouse> {
  const owned = new AsyncDisposableStack();
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'msx-faults-'));
    owned.defer(() => rm(dataDir, { recursive: true, force: true }));
    owned.defer(() => nobodyIsLeft(dataDir));
    const startsFile = join(dataDir, 'starts');
    await writeFile(startsFile, '');
    const nats = owned.use(await FallibleBus.start(join(dataDir, 'bus')));
    const variables = variablesOf(nats.url, dataDir, options);
    const gates = createGates();
    const rooms = owned.use(new Rooms(variables, gates));
    owned.defer(() => gates.releaseAll());
    for (const room of order) {
      if (options.without?.includes(room)) continue;
      if (options.asProcesses?.includes(room)) rooms.launch(room, {});
      else await rooms.open(room);
    }
    const telemetry = owned.use(startTelemetry({ service: 'faults' }));
    const bus = owned.use(await connectBus({ url: nats.url, service: 'faults', log: silentLog, telemetry }));
    return furnish({ dataDir, startsFile, nats, variables, gates, rooms, bus, owned });
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

/** TMPDIR marks every program that a runtime starts. */
function variablesOf(url: string, dataDir: string, { env = {} }: FaultHouseOptions): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    NATS_URL: url,
    MSX_DATA: dataDir,
    MSX_DB: join(dataDir, 'graph.db'),
    MSX_WORKDIR: root,
    MSX_LOG_LEVEL: process.env.MSX_LOG_LEVEL ?? 'error',
    MSX_DRAIN: '200ms',
    PATH: `${dirname(process.execPath)}:${PATH}`,
    HOME,
    TMPDIR: dataDir,
    ...env,
  };
}

class Rooms {
  readonly #variables: Readonly<Record<string, string>>;
  readonly #gates: Gates;
  readonly #opened = new Map<Room, AsyncDisposable>();
  readonly #launched: ServiceProcess[] = [];
  readonly #newest = new Map<Room, ServiceProcess>();

  constructor(variables: Readonly<Record<string, string>>, gates: Gates) {
    this.#variables = variables;
    this.#gates = gates;
  }

  async open(room: Room): Promise<void> {
    this.#opened.set(room, await this.#start(room));
  }

  async close(room: Room): Promise<void> {
    const opened = this.#opened.get(room);
    this.#opened.delete(room);
    await opened?.[Symbol.asyncDispose]();
  }

  launch(room: Room, env: Readonly<Record<string, string>>): ServiceProcess {
    const variables = { ...this.#variables, MSX_LOG_LEVEL: 'info', ...env };
    const folder = room === 'router' ? 'apps/router' : `services/${room}`;
    const launched = startServiceProcess({ room: folder, env: variables, logDir: this.#variables.MSX_DATA ?? '' });
    this.#launched.push(launched);
    this.#newest.set(room, launched);
    return launched;
  }

  processOf(room: Room): ServiceProcess {
    return must(this.#newest.get(room), `"${room}" was launched`);
  }

  #start(room: Room): Promise<AsyncDisposable> {
    const env = this.#variables;
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

  // The newest first, after the runtime here: runtimes end their programs while their graph still listens.
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close('runtime');
    for (const launched of this.#launched.filter((one) => one !== this.#newest.get('graph')).reverse())
      await launched[Symbol.asyncDispose]();
    await this.#newest.get('graph')?.[Symbol.asyncDispose]();
    for (const room of [...order].reverse()) await this.close(room);
  }
}

class FallibleBus implements AsyncDisposable {
  readonly #storeDir: string;
  #server: RunningNatsServer;

  static async start(storeDir: string): Promise<FallibleBus> {
    return new FallibleBus(storeDir, await startTestNats({ storeDir }));
  }

  private constructor(storeDir: string, server: RunningNatsServer) {
    this.#storeDir = storeDir;
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  async kill(): Promise<() => Promise<void>> {
    const { port } = this.#server;
    this.#server.kill('SIGKILL');
    await this.#server.exited;
    return async () => {
      this.#server = await startTestNats({ storeDir: this.#storeDir, port });
    };
  }

  async lose(): Promise<void> {
    const startAgain = await this.kill();
    await rm(this.#storeDir, { recursive: true, force: true });
    await startAgain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}

type Furniture = {
  readonly dataDir: string;
  readonly startsFile: string;
  readonly nats: FallibleBus;
  readonly variables: Readonly<Record<string, string>>;
  readonly gates: Gates;
  readonly rooms: Rooms;
  readonly bus: Bus;
  readonly owned: AsyncDisposableStack;
};

function furnish({ dataDir, startsFile, nats, variables, gates, rooms, bus, owned }: Furniture): FaultHouse {
  const org = defaultOrg;
  const submitted = new Set<string>();
  const submit = async (subject: string, body: string, id: string = randomUUID()): Promise<string> => {
    submitted.add(id);
    await eventually(async () => (await bus.publishRaw({ subject, body: Buffer.from(body), id })) !== undefined, {
      intervalMs: pollMs,
      message: `submission ${id} on ${subject} is stored`,
    });
    return id;
  };
  /** Everything that advances says so in an event. */
  const mark = async (): Promise<string> => {
    const { createdAt, lastSequence } = must(await bus.streamState(streams.events.name), 'the bus has its streams');
    return `${createdAt} ${lastSequence}`;
  };
  const answered = async (submission: string): Promise<Applied> => ({
    submission,
    answer: await house.answer(submission),
  });
  const house: FaultHouse = {
    ...{ url: nats.url, dataDir, bus, gates, variables, blueprints: countedBlueprints(startsFile) },
    open: (room) => rooms.open(room),
    close: (room) => rooms.close(room),
    launch: (room, env = {}) => rooms.launch(room, env),
    processOf: (room) => rooms.processOf(room),
    loseBus: () => nats.lose(),
    killBus: () => nats.kill(),
    send: (blueprint) => submit(blueprintSubject({ org, env: blueprint.name }), asYaml(blueprint)),
    async sendAgain(submission, blueprint) {
      const asked = async () => ({ answer: (await bus.request(answerOf, org, { submission })).answer });
      const { answer } = await eventually(asked, { message: 'the graph answers' });
      if (answer === null) await submit(blueprintSubject({ org, env: blueprint.name }), asYaml(blueprint), submission);
    },
    apply: async (blueprint) => answered(await house.send(blueprint)),
    command: async (verb, env) => answered(await submit(commandSubject({ service: 'graph', org, env, verb }), '')),
    answer: (submission) =>
      whileItMoves(async () => (await bus.request(answerOf, org, { submission })).answer ?? undefined, {
        ...{ mark, intervalMs: pollMs, message: `submission ${submission} is answered` },
      }),
    async outcome(env, generation) {
      let last: ActivationItem | undefined;
      const settled = async (): Promise<ActivationItem | undefined> => {
        const { items } = await house.ask({ kind: 'activations', env });
        last = items.find((item) => item.generation === generation);
        return last?.outcome ? last : undefined;
      };
      return whileItMoves(settled, {
        mark,
        intervalMs: pollMs,
        message: `${env}@${generation} has its outcome`,
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${last?.stage}: ${last?.reason}`, { cause: error });
      });
    },
    async activate(blueprint) {
      return house.outcome(blueprint.name, generationOf(await house.apply(blueprint)));
    },
    async ask(question) {
      const reply = await bus.request(query, org, question);
      if (reply.kind !== question.kind) throw new Error(`Nothing is known of ${JSON.stringify(question)}`);
      return reply as never;
    },
    journal: async (env) => (await house.ask({ kind: 'journal', env })).items,
    detail: async (env) => (await house.ask({ kind: 'environment-detail', env })).item,
    status: async (env) =>
      (await (await bus.bucket(buckets.environments)).get<EnvironmentStatus>(environmentKey(org, env)))?.value,
    routesRevision: async (env) =>
      (await (await bus.bucket(buckets.routes)).get(environmentKey(org, env)))?.revision ?? 0,
    programs: (env) => programsOf(dataDir).filter((program) => env === undefined || program.env === env),
    starts: (env) => countStarts(startsFile, env),
    closeBooks: () => closeBooks(house.ask, submitted),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return house;
}

function countStarts(file: string, env: string | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const what = line.slice(0, line.lastIndexOf(' '));
    if (env === undefined || what.startsWith(`${env} `)) counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts;
}

/** Subjects of the messages of `MSX_EVENTS` that a redrive has said again, or that followed from one. */
export async function drivenAgain(bus: Bus, filter: string): Promise<readonly string[]> {
  const messages = await bus.read(streams.events.name, { filter });
  return messages.filter((message) => Number(message.header(headerNames.drive) ?? 0) > 0).map(({ subject }) => subject);
}

/** The generation that an answer names. Throws where it made none. */
export function generationOf({ answer }: Applied): number {
  if (answer.kind !== 'revised') throw new Error(`There is no new generation: ${JSON.stringify(answer)}`);
  return answer.generation;
}

async function nobodyIsLeft(dataDir: string): Promise<void> {
  await eventually(() => processesWith(dataDir).length === 0, {
    message: `no process of ${dataDir} is left, but ${processesWith(dataDir).join(', ')}`,
  });
}
