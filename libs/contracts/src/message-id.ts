import { digestOf } from '@microstax/model/digest';

/**
 * Protocol 9: the id under which one output of one input is said. A redelivered input repeats it and the server drops
 * the repeat; only redrive and `msx dlq retry` raise `drive`.
 */
export function outputMessageId(output: {
  org: string;
  inputId: string;
  subject: string;
  ordinal?: number;
  drive?: number;
}): string {
  const { org, inputId, subject, ordinal = 0, drive = 0 } = output;
  return digestOf('message-id', { org, inputId, subject, ordinal, drive }).slice('sha256:'.length);
}
