import { digestOf, shortDigest } from './digest.ts';

/** A service's stable name across environments and renames: a digest of organisation, project, first name and ordinal. */
export function serviceIdentity(identity: {
  org: string;
  project: string;
  firstName: string;
  ordinal: number;
}): string {
  return `svc-${shortDigest(digestOf('service-identity', identity), 20)}`;
}
