import { sortedBy } from '@microstax/model/compare';

/** A record in one order, whichever it was written in. */
export function sortedRecord<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(sortedBy(Object.entries(record), ([key]) => key));
}
