import type { Message } from '@microstax/bus/bus';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { z } from 'zod';

export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Bytes become a typed message once, here; what cannot be read is poison (protocol 32). */
export function parseMessage<T>({ body, subject }: Message, schema: z.ZodType<T>): Parsed<T> {
  let json: unknown;
  try {
    json = JSON.parse(textOfBytes(body));
  } catch {
    return { kind: 'unreadable', reason: `Cannot read "${subject}": its body is no JSON` };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'parsed', value: parsed.data };
  return { kind: 'unreadable', reason: `Cannot read "${subject}": ${z.prettifyError(parsed.error)}` };
}
