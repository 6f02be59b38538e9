import type { Message, Outcome } from '@microstax/bus/bus';
import { type Bundle, openArtifact } from '@microstax/contracts/bundle';
import type { EventContract } from '@microstax/contracts/event-contract';
import type { Artifact } from '@microstax/model/artifact';
import { artifactKinds } from '@microstax/model/digest';
import { textOfBytes } from '@microstax/model/text-of-bytes';

export type Parsed<T> = { readonly ok: true; readonly body: T } | { readonly ok: false; readonly outcome: Outcome };

/** Reads an event's body by its contract; what cannot be read is poison (protocol 32). */
export function parseEvent<T extends { readonly org: string; readonly env: string }>(
  contract: EventContract<T>,
  message: Message,
): Parsed<T> {
  const json = parseJson(message.body);
  if (json === undefined) return dead(`Cannot read "${contract.name}": its body is not JSON`);
  const parsed = contract.schema.safeParse(json);
  if (!parsed.success) return dead(`Cannot read "${contract.name}": ${parsed.error.issues.map(issueText).join('; ')}`);
  if (contract.subject(parsed.data) !== message.subject)
    return dead(
      `Cannot read "${contract.name}": it is about "${parsed.data.env}", but was said under "${message.subject}"`,
    );
  return { ok: true, body: parsed.data };
}

/** The JSON in bytes; undefined where there is none. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(textOfBytes(body)) as unknown;
  } catch {
    return undefined;
  }
}

/** Opens every artifact of a bundle that has its bytes. Throws where a digest does not fit. */
export function openAll(bundle: Bundle): readonly Artifact[] {
  return artifactKinds.flatMap((kind) => (bundle[kind] === undefined ? [] : [openArtifact(bundle, kind)]));
}

function dead(reason: string): { readonly ok: false; readonly outcome: Outcome } {
  return { ok: false, outcome: { kind: 'dead', reason } };
}

/** One finding of a schema, with its place. */
export function issueText({
  path,
  message,
}: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}): string {
  return `${path.map(String).join('/') || 'the body'}: ${message}`;
}
