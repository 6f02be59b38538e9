const defaultRegistry = 'docker.io';
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${component}(?:/${component})*$`);
const registry =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*(?::\d{1,5})?$/;
const tail = /^([^:@]+(?::\d+\/[^:@]+)?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;
const charactersMax = 512;

/**
 * An image reference, complete: `acme/api:1.4` is `docker.io/acme/api:1.4`, `postgres` is
 * `docker.io/library/postgres:latest`; a digest is kept and needs no tag. Undefined where it is none.
 */
export function completeImage(written: string): string | undefined {
  const match = written.length > charactersMax ? null : tail.exec(written);
  if (match === null) return undefined;
  const [, place = '', tag, digest] = match;
  const [host, path] = splitRegistry(place);
  if (!registry.test(host) || !repository.test(path)) return undefined;
  const version = tag ?? (digest === undefined ? 'latest' : undefined);
  return `${host}/${path}${version === undefined ? '' : `:${version}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The first part is a registry where it looks like a host. */
function splitRegistry(place: string): readonly [string, string] {
  const slash = place.indexOf('/');
  const first = place.slice(0, Math.max(0, slash));
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const [host, path] = isHost ? [first, place.slice(slash + 1)] : [defaultRegistry, place];
  return [host, host === defaultRegistry && !path.includes('/') ? `library/${path}` : path];
}
