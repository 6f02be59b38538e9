// Owns: what the store remembers of the bus (protocol 29). Written along with the relay's own commits, so it costs none
// of its own; what it remembers may be a little behind, never ahead.
import type { Message } from '@microstax/bus/bus';
import type { SubmissionOrder } from '@microstax/contracts/fields';
import { headerNames } from '@microstax/contracts/header-names';
import { streams } from '@microstax/contracts/topology';
import type { Put } from '../core/changes.ts';
import type { BusDocument, RememberedStream } from '../core/documents.ts';
import { busAt } from '../core/places.ts';

export class BusMemory {
  #document: BusDocument = { incarnation: 0, openedAt: 0, streams: {} };
  #changed = false;

  get incarnation(): number {
    return this.#document.incarnation;
  }

  stream(name: string): RememberedStream | undefined {
    return this.#document.streams[name];
  }

  /** From here on this is what the store has. */
  restore(document: BusDocument): void {
    this.#document = document;
    this.#changed = false;
  }

  /** A message of a stream was seen. */
  note(stream: string, sequence: number, id: string | null): void {
    const was = this.#document.streams[stream];
    if (was === undefined || was.lastSequence >= sequence) return;
    const streams = { ...this.#document.streams, [stream]: { ...was, lastSequence: sequence, lastId: id } };
    this.#document = { ...this.#document, streams };
    this.#changed = true;
  }

  /** A message that was delivered in this incarnation. */
  noteMessage(message: Message): void {
    if (message.incarnation === this.incarnation)
      this.note(message.stream, message.sequence, message.header(headerNames.messageId) ?? null);
  }

  /** A submission was heard of through intake. */
  noteSubmission({ incarnation, sequence }: SubmissionOrder): void {
    if (incarnation === this.incarnation) this.note(streams.submissions.name, sequence, null);
  }

  /** The row to write, where it is not what the store has. */
  takeChanges(): readonly Put[] {
    if (!this.#changed) return [];
    this.#changed = false;
    return [{ ...busAt, body: this.#document }];
  }
}
