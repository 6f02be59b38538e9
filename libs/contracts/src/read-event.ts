import { textOfBytes } from '@microstax/model/text-of-bytes';
import { z } from 'zod';
import type { EventContract } from './event-contract.ts';

export type ReadEvent<T> =
  | { readonly kind: 'read'; readonly event: T }
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Parses an event at the border: JSON of its contract's shape, about the environment that its subject names. What cannot
 * be read is a value with a reason, because it is poison and no defect of ours (protocol 32).
 */
export function readEvent<T extends { readonly org: string; readonly env: string }>(
  contract: EventContract<T>,
  message: { readonly subject: string; readonly body: Uint8Array },
): ReadEvent<T> {
  const json = parseJson(message.body);
  if (json === undefined) return unreadable(contract, 'its body is no JSON');
  const parsed = contract.schema.safeParse(json);
  if (!parsed.success) return unreadable(contract, z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' '));
  const subject = contract.subject(parsed.data);
  if (subject !== message.subject) return unreadable(contract, `its body belongs to "${subject}"`);
  return { kind: 'read', event: parsed.data };
}

function unreadable<T>({ name }: EventContract<T>, why: string): ReadEvent<T> {
  return { kind: 'unreadable', reason: `Cannot read "${name}": ${why}` };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(textOfBytes(body));
  } catch {
    return undefined;
  }
}
