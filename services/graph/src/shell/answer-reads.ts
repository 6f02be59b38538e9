import type {
  AnswerReply,
  AnswerRequest,
  ArtifactReply,
  ArtifactRequest,
  EstateReply,
  EstateRequest,
} from '@microstax/contracts/graph-requests';
import type {
  ActivationDocument,
  AnswerDocument,
  ArtifactDocument,
  EnvironmentDocument,
  ExecutionDocument,
} from '../core/documents.ts';
import { activationAt, answerAt, artifactAt, environmentAt, executionAt } from '../core/places.ts';
import type { Graph } from './graph.ts';

type About = { readonly org: string };

/** The recorded answer of a submission (protocol 2). */
export async function answerAnswer(
  { store }: Graph,
  { submission }: AnswerRequest,
  { org }: About,
): Promise<AnswerReply> {
  const { collection, key } = answerAt(org, submission);
  return { answer: (await store.get<AnswerDocument>(collection, key))?.body.answer ?? null };
}

export async function answerArtifact(
  { store }: Graph,
  { digest }: ArtifactRequest,
  { org }: About,
): Promise<ArtifactReply> {
  const { collection, key } = artifactAt(org, digest);
  const row = await store.get<ArtifactDocument>(collection, key);
  return row ? { kind: row.body.kind, bytes: row.body.bytes } : null;
}

/** What a runtime has to look after, all of it or in one environment: what serves, and what was begun. */
export async function answerEstate({ store }: Graph, { env }: EstateRequest, { org }: About): Promise<EstateReply> {
  const rows =
    env === undefined
      ? await store.scan<EnvironmentDocument>('environments', { prefix: `${org}/` })
      : await store.getMany<EnvironmentDocument>([environmentAt(org, env)]);
  const touched = rows.flatMap((row) => (row?.body.execution ? [row.body] : []));
  const executions = await store.getMany<ExecutionDocument>(
    touched.map(({ env, execution }) => executionAt(org, env, execution?.generation ?? 0)),
  );
  const serving = await store.getMany<ActivationDocument>(
    touched.map((environment) => activationAt(org, environment.env, environment.serving?.generation ?? 0)),
  );
  return {
    environments: touched.map((environment, index) => {
      const execution = executions[index]?.body ?? null;
      const { env, target, epoch, journalLength, inventory } = environment;
      return {
        org,
        env,
        generation: target?.generation ?? 0,
        epoch,
        length: journalLength,
        execution: execution?.execution ?? null,
        owner: execution?.owner ?? null,
        open: environment.execution?.open ?? false,
        traceparent: execution?.traceparent ?? null,
        inventory,
        plan: execution?.plan ?? null,
        resolution: execution?.resolution ?? null,
        serving: servingOf(serving[index]?.body),
      };
    }),
  };
}

function servingOf(activation: ActivationDocument | undefined): EstateReply['environments'][number]['serving'] {
  const { plan, resolution } = activation?.artifacts ?? {};
  if (activation === undefined || plan === undefined || resolution === undefined) return null;
  return { generation: activation.generation, plan, resolution };
}
