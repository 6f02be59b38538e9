import type { ArtifactBytes, EnvironmentDetail, Query, QueryReply, ServiceItem } from '@microstax/contracts/queries';
import type { Derivation } from '@microstax/model/derivation';
import type { Digest } from '@microstax/model/digest';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';
import type { EnvironmentStatus } from '@microstax/model/status';
import { answersAsOf, statusAsOf, upTo } from '../core/as-of.ts';
import type {
  ActivationDocument,
  AnswerDocument,
  ArtifactDocument,
  AuditBody,
  EnvironmentDocument,
  ExecutionDocument,
  RevisionDocument,
} from '../core/documents.ts';
import { learntDurations } from '../core/learnt-durations.ts';
import { served } from '../core/offer.ts';
import { activationAt, artifactAt, environmentAt } from '../core/places.ts';
import {
  activationItem,
  auditItem,
  environmentItems,
  executionItem,
  inventoryAt,
  notFound,
  revisionItem,
  serviceItems,
  submissionItems,
} from '../core/query.ts';
import { statusOf } from '../core/status.ts';
import type { Graph } from './graph.ts';
import { readView } from './read-view.ts';
import type { GraphStore } from './store/graph-store.ts';

const learntFromMax = 2_000; // journal entries of each environment
const auditItemsMax = 2_000; // of one reply, about 500 kB

/** Questions about one environment, which has to be there. */
const aboutOne: ReadonlySet<Query['kind']> = new Set([
  'environment-detail',
  'activations',
  'journal',
  'durations',
  'services',
  'graph',
  'lineage',
  'difference',
]);

/** Answers from the store alone, so also while planner, resolver and runtime are down (design 5.2). */
export async function answerQuery(
  { store }: Graph,
  query: Query,
  { org }: { readonly org: string },
): Promise<QueryReply> {
  return new Reading(store, org).answer(query);
}

class Reading {
  readonly #store: GraphStore;
  readonly #org: string;

  constructor(store: GraphStore, org: string) {
    this.#store = store;
    this.#org = org;
  }

  async answer(query: Query): Promise<QueryReply> {
    return (await this.#unknown(query)) ?? this.#read(query);
  }

  async #read(query: Query): Promise<QueryReply> {
    switch (query.kind) {
      case 'environments':
        return { kind: 'environments', items: await this.#environments(query) };
      case 'environment-detail':
        return { kind: 'environment-detail', item: await this.#detail(query.env, query.at) };
      case 'revisions': {
        const { at } = query;
        const rows = await this.#scan<RevisionDocument>('revisions', query.env);
        const past = rows.filter(({ firstGeneration }) => at === undefined || firstGeneration <= at);
        return { kind: 'revisions', items: past.map(revisionItem) };
      }
      case 'activations': {
        const rows = upTo(await this.#activations(query.env), query.at);
        return { kind: 'activations', items: rows.map(activationItem) };
      }
      case 'executions': {
        const rows = upTo(await this.#scan<ExecutionDocument>('executions', query.env), query.at);
        return { kind: 'executions', items: rows.map(executionItem) };
      }
      case 'journal': {
        const { env, at } = query;
        const journal = await this.#journal(env);
        const items = at === undefined ? journal : journal.filter(({ generation }) => generation === at);
        return { kind: 'journal', items };
      }
      case 'durations':
        return { kind: 'durations', items: learntDurations(await this.#newestJournals(query)) };
      case 'services':
        return { kind: 'services', items: await this.#services(query) };
      case 'submissions':
        return { kind: 'submissions', items: submissionItems(await this.#answers(query.at), query.env) };
      case 'graph':
      case 'lineage':
        return readView(this.#store, this.#org, query);
      case 'difference': {
        const { to } = query;
        return (await this.#unknown({ kind: 'graph', ...to })) ?? (await readView(this.#store, this.#org, query));
      }
      case 'audit': {
        const page = { org: this.#org, after: query.after ?? 0, limit: auditItemsMax };
        const rows = await this.#store.readLog<AuditBody>('audit', page);
        return { kind: 'audit', items: rows.map(({ n, body }) => auditItem(n, body)) };
      }
    }
  }

  /** Where the environment or the generation that is named is not known: that, with those that are. */
  async #unknown(query: Query): Promise<QueryReply | null> {
    if (query.kind === 'audit' || query.env === undefined) return null;
    const { env, at } = query;
    const environment = await this.#environment(env);
    if (environment === null) {
      if (at === undefined && !aboutOne.has(query.kind)) return null;
      return notFound(
        `environment "${env}"`,
        (await this.#rows()).map((row) => row.env),
      );
    }
    const { floor = 1 } = environment;
    if (at !== undefined && at >= 1 && at < floor) return { kind: 'outside retention', env, at, floor };
    if (at === undefined || (await this.#activation(env, at)) !== null) return null;
    const known = await this.#activations(env);
    return notFound(
      `generation ${at} of "${env}"`,
      known.map(({ generation }) => String(generation)),
    );
  }

  async #environments({ env, at }: Extract<Query, { kind: 'environments' }>): Promise<readonly EnvironmentStatus[]> {
    const rows = (await this.#rows()).filter((row) => env === undefined || row.env === env);
    if (at === undefined) return environmentItems(await this.#pairs(rows));
    return (await Promise.all(rows.map((row) => this.#statusAsOf(row, at)))).filter((item) => item !== null);
  }

  async #detail(env: string, at: number | undefined): Promise<EnvironmentDetail> {
    const environment = must(await this.#environment(env), 'it was found a moment ago');
    const newest = must(await this.#activation(env, environment.generation), 'a derived environment has an activation');
    const asked = at === undefined ? await this.#newestPlanned(env) : await this.#activation(env, at);
    const past = at === undefined ? null : await this.#statusAsOf(environment, at);
    return {
      status: past ?? statusOf(environment, newest),
      activation: activationItem(asked ?? newest),
      inventory: at === undefined ? environment.inventory : inventoryAt(await this.#journal(env), at),
      artifacts: await this.#artifacts(asked ?? newest),
    };
  }

  /** null where the environment has no such generation. */
  async #statusAsOf(environment: EnvironmentDocument, at: number): Promise<EnvironmentStatus | null> {
    const { env, floor = 1 } = environment;
    if (at < floor) return null;
    const activations = upTo(await this.#activations(env), at);
    const newest = activations.at(-1);
    if (newest?.generation !== at) return null;
    return statusAsOf(environment, {
      activations,
      executions: upTo(await this.#scan<ExecutionDocument>('executions', env), at),
      journal: upTo(await this.#journal(env), at),
      revision: must(await this.#value<Revision>(newest.revision), 'a recorded revision has its bytes'),
    });
  }

  async #answers(at: number | undefined): Promise<readonly AnswerDocument[]> {
    const rows = await this.#store.scan<AnswerDocument>('answers', { prefix: `${this.#org}/` });
    const answers = rows.map(({ body }) => body);
    if (at === undefined) return answers;
    const past = [...Map.groupBy(answers, ({ env }) => env)].map(async ([env, given]) =>
      answersAsOf(given, at, await this.#activation(env, at + 1)),
    );
    return (await Promise.all(past)).flat();
  }

  async #services({ env, at }: Extract<Query, { kind: 'services' }>): Promise<readonly ServiceItem[]> {
    const rows = await this.#rows();
    const about = rows.filter((row) => (env === undefined ? row.servingWanted !== 'deleted' : row.env === env));
    return (await Promise.all(about.map((row) => this.#servicesOf(row, at)))).flat();
  }

  /** Without `at`: what serves; where nothing does, the newest plan. */
  async #servicesOf(environment: EnvironmentDocument, at: number | undefined): Promise<readonly ServiceItem[]> {
    const { env, inventory } = environment;
    const generation = at ?? served(environment)?.generation;
    const activation =
      generation === undefined ? await this.#newestPlanned(env) : await this.#activation(env, generation);
    const { plan, resolution } = activation?.artifacts ?? {};
    if (plan === undefined) return [];
    return serviceItems(env, {
      plan: must(await this.#value<Plan>(plan), 'a recorded plan has its bytes'),
      resolution: resolution === undefined ? null : await this.#value<Resolution>(resolution),
      inventory: at === undefined ? inventory : inventoryAt(await this.#journal(env), at),
    });
  }

  async #rows(): Promise<readonly EnvironmentDocument[]> {
    const rows = await this.#store.scan<EnvironmentDocument>('environments', { prefix: `${this.#org}/` });
    return rows.map(({ body }) => body);
  }

  async #pairs(
    rows: readonly EnvironmentDocument[],
  ): Promise<readonly { environment: EnvironmentDocument; newest: ActivationDocument }[]> {
    const newest = await this.#store.getMany<ActivationDocument>(
      rows.map((row) => activationAt(this.#org, row.env, row.generation)),
    );
    return rows.flatMap((environment, index) => {
      const activation = newest[index]?.body;
      return activation ? [{ environment, newest: activation }] : [];
    });
  }

  async #newestPlanned(env: string): Promise<ActivationDocument | null> {
    const newestFirst = await this.#store.scan<ActivationDocument>('activations', {
      prefix: `${this.#org}/${env}/`,
      reverse: true,
      limit: 64,
    });
    return newestFirst.find(({ body }) => body.artifacts.plan !== undefined)?.body ?? null;
  }

  async #artifacts({ artifacts }: ActivationDocument): Promise<EnvironmentDetail['artifacts']> {
    const entries = Object.entries(artifacts) as [string, Digest][];
    const rows = await this.#store.getMany<ArtifactDocument>(
      entries.map(([, digest]) => artifactAt(this.#org, digest)),
    );
    return Object.fromEntries(
      entries.flatMap(([kind, digest], index): [string, ArtifactBytes][] => {
        const row = rows[index];
        return row ? [[kind, { digest, bytes: row.body.bytes }]] : [];
      }),
    );
  }

  async #value<T>(digest: Digest): Promise<T | null> {
    const [row] = await this.#store.getMany<ArtifactDocument>([artifactAt(this.#org, digest)]);
    return row ? (JSON.parse(row.body.bytes) as T) : null;
  }

  async #environment(env: string): Promise<EnvironmentDocument | null> {
    return (await this.#store.getMany<EnvironmentDocument>([environmentAt(this.#org, env)]))[0]?.body ?? null;
  }

  async #activation(env: string, generation: number): Promise<ActivationDocument | null> {
    return (await this.#store.getMany<ActivationDocument>([activationAt(this.#org, env, generation)]))[0]?.body ?? null;
  }

  #activations(env: string): Promise<readonly ActivationDocument[]> {
    return this.#scan<ActivationDocument>('activations', env);
  }

  #journal(env: string): Promise<readonly JournalEntry[]> {
    return this.#scan<JournalEntry>('journal', env);
  }

  /** The newest entries of an environment and of its ancestors, each oldest first; before a generation was derived. */
  async #newestJournals({ env, at }: Extract<Query, { kind: 'durations' }>): Promise<readonly JournalEntry[][]> {
    const environment = must(await this.#environment(env), 'it was found a moment ago');
    const generation = at ?? environment.generation;
    const activation = must(await this.#activation(env, generation), 'a derived environment has an activation');
    const until = at === undefined ? Number.POSITIVE_INFINITY : activation.at;
    const derivation = await this.#value<Derivation>(activation.derivation);
    const names = [env, ...(derivation?.lineage ?? []).map((ancestor) => ancestor.env)];
    const range = { reverse: true, limit: learntFromMax };
    return Promise.all(
      names.map(async (name) => {
        const rows = await this.#store.scan<JournalEntry>('journal', { prefix: `${this.#org}/${name}/`, ...range });
        const entries = rows.map(({ body }) => body).filter((entry) => entry.at <= until);
        return entries.reverse();
      }),
    );
  }

  async #scan<T>(
    collection: 'revisions' | 'activations' | 'executions' | 'journal',
    env: string | undefined,
  ): Promise<readonly T[]> {
    const prefix = env === undefined ? `${this.#org}/` : `${this.#org}/${env}/`;
    return (await this.#store.scan<T>(collection, { prefix })).map(({ body }) => body);
  }
}
