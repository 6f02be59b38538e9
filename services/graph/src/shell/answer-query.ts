import type { ArtifactBytes, EnvironmentDetail, Query, QueryReply, ServiceItem } from '@microstax/contracts/queries';
import type { Digest } from '@microstax/model/digest';
import type { JournalEntry } from '@microstax/model/journal';
import { must } from '@microstax/model/must';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type {
  ActivationDocument,
  AnswerDocument,
  ArtifactDocument,
  AuditBody,
  EnvironmentDocument,
  ExecutionDocument,
  RevisionDocument,
} from '../core/documents.ts';
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
import type { GraphStore } from './store/graph-store.ts';

const auditItemsMax = 2_000; // of one reply, about 500 kB

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
    switch (query.kind) {
      case 'environments':
        return environmentItems(await this.#pairs());
      case 'environment-detail':
        return this.#withEnvironment(query.env, (environment) => this.#detail(environment, query.at));
      case 'revisions':
        return {
          kind: 'revisions',
          items: (await this.#scan<RevisionDocument>('revisions', query.env)).map(revisionItem),
        };
      case 'activations':
        return this.#withEnvironment(query.env, async () => ({
          kind: 'activations',
          items: (await this.#activations(query.env)).map(activationItem),
        }));
      case 'executions':
        return {
          kind: 'executions',
          items: (await this.#scan<ExecutionDocument>('executions', query.env)).map(executionItem),
        };
      case 'journal':
        return this.#withEnvironment(query.env, () => this.#journalReply(query.env, query.at));
      case 'services':
        return this.#services(query.env, query.at);
      case 'submissions': {
        const rows = await this.#store.scan<AnswerDocument>('answers', { prefix: `${this.#org}/` });
        return {
          kind: 'submissions',
          items: submissionItems(
            rows.map(({ body }) => body),
            query.env,
          ),
        };
      }
      case 'audit': {
        const page = { org: this.#org, after: query.after ?? 0, limit: auditItemsMax };
        const rows = await this.#store.readLog<AuditBody>('audit', page);
        return { kind: 'audit', items: rows.map(({ n, body }) => auditItem(n, body)) };
      }
    }
  }

  async #withEnvironment(
    env: string,
    read: (environment: EnvironmentDocument) => Promise<QueryReply>,
  ): Promise<QueryReply> {
    const environment = await this.#environment(env);
    if (environment) return read(environment);
    const known = await this.#store.scan<EnvironmentDocument>('environments', { prefix: `${this.#org}/` });
    return notFound(
      `environment "${env}"`,
      known.map(({ body }) => body.env),
    );
  }

  async #detail(environment: EnvironmentDocument, at: number | undefined): Promise<QueryReply> {
    const { env } = environment;
    const newest = must(await this.#activation(env, environment.generation), 'a derived environment has an activation');
    const activation =
      at === undefined ? ((await this.#newestPlanned(env)) ?? newest) : await this.#activation(env, at);
    if (activation === null) return this.#noGeneration(env, at ?? 0);
    const item: EnvironmentDetail = {
      status: statusOf(environment, newest),
      activation: activationItem(activation),
      inventory: at === undefined ? environment.inventory : inventoryAt(await this.#journal(env), at),
      artifacts: await this.#artifacts(activation),
    };
    return { kind: 'environment-detail', item };
  }

  async #journalReply(env: string, at: number | undefined): Promise<QueryReply> {
    const journal = await this.#journal(env);
    return {
      kind: 'journal',
      items: at === undefined ? journal : journal.filter(({ generation }) => generation === at),
    };
  }

  async #services(env: string | undefined, at: number | undefined): Promise<QueryReply> {
    if (env !== undefined)
      return this.#withEnvironment(env, async (environment) => {
        if (at !== undefined && (await this.#activation(env, at)) === null) return this.#noGeneration(env, at);
        return { kind: 'services', items: await this.#servicesOf(environment, at) };
      });
    const rows = await this.#store.scan<EnvironmentDocument>('environments', { prefix: `${this.#org}/` });
    const alive = rows.map(({ body }) => body).filter(({ servingWanted }) => servingWanted !== 'deleted');
    return { kind: 'services', items: (await Promise.all(alive.map((row) => this.#servicesOf(row, at)))).flat() };
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

  async #noGeneration(env: string, at: number): Promise<QueryReply> {
    const known = await this.#activations(env);
    return notFound(
      `generation ${at} of "${env}"`,
      known.map(({ generation }) => String(generation)),
    );
  }

  async #pairs(): Promise<readonly { environment: EnvironmentDocument; newest: ActivationDocument }[]> {
    const rows = await this.#store.scan<EnvironmentDocument>('environments', { prefix: `${this.#org}/` });
    const newest = await this.#store.getMany<ActivationDocument>(
      rows.map(({ body }) => activationAt(this.#org, body.env, body.generation)),
    );
    return rows.flatMap(({ body: environment }, index) => {
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

  async #scan<T>(
    collection: 'revisions' | 'activations' | 'executions' | 'journal',
    env: string | undefined,
  ): Promise<readonly T[]> {
    const prefix = env === undefined ? `${this.#org}/` : `${this.#org}/${env}/`;
    return (await this.#store.scan<T>(collection, { prefix })).map(({ body }) => body);
  }
}
