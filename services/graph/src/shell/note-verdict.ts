import { done, type Message, type Outcome } from '@microstax/bus/bus';
import type { Finding } from '@microstax/model/finding';
import type { EnvironmentDocument, MovedPreview } from '../core/documents.ts';
import { isMovedPreview, noteVerdict } from '../core/moved-preview.ts';
import { environmentAt } from '../core/places.ts';
import type { Graph } from './graph.ts';

type Decided = { readonly org: string; readonly env: string; readonly activation: string };

/**
 * Of a preview nothing is recorded (protocol 30) but the verdict on one that a moved parent caused: nobody asked for it
 * who would hear of it. undefined where the message is about an activation.
 */
export async function noteIfPreview(
  graph: Graph,
  { purpose }: Message,
  { org, env, activation }: Decided,
  verdict: NonNullable<MovedPreview['verdict']>,
  findings: readonly Finding[],
): Promise<Outcome | undefined> {
  if (purpose === 'activate') return undefined;
  if (purpose === 'preview' && isMovedPreview(activation))
    await graph.transact(
      (reader) => reader.get<EnvironmentDocument>(environmentAt(org, env)),
      (environment) => ({ changes: noteVerdict(environment, activation, { verdict, findings }) }),
    );
  return done;
}
