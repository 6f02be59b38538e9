import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from '../core/documents.ts';
import { activationAt, environmentAt, executionAt } from '../core/places.ts';
import type { Reader } from './transact.ts';

/** The newest execution of an environment with its rows. */
export async function loadExecution(reader: Reader, org: string, env: string) {
  const environment = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const generation = environment?.execution?.generation;
  if (generation === undefined) return { environment, execution: null, activation: null };
  const [execution, activation] = await reader.getMany([
    executionAt(org, env, generation),
    activationAt(org, env, generation),
  ]);
  return {
    environment,
    execution: execution as ExecutionDocument | null,
    activation: activation as ActivationDocument | null,
  };
}
