import { digestOf, shortDigest } from '@microstax/model/digest';

/** RFC 1123 and 1035: what every kind of object accepts as its name. */
const wellFormed = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
const digits = 10;
const shortened = new RegExp(`-x[0-9a-f]{${digits}}$`);

export const nameCharsMax = 63;
/** A StatefulSet's pods carry its name and 11 characters more in a label; a Deployment's pods in theirs. */
export const workloadNameCharsMax = 47;

/**
 * A name for an object. What can stand as it is does; the rest is cut and told apart by digits of its digest. Two texts
 * never get one name: a text that already looks like a cut one is given digits of its own.
 */
export function objectName(text: string, charsMax: number = nameCharsMax): string {
  if (text.length <= charsMax && wellFormed.test(text) && !shortened.test(text)) return text;
  const kept = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, charsMax - digits - 2)
    .replace(/-+$/, '');
  return `${kept === '' ? 'm' : kept}-x${shortDigest(digestOf('kube-object', { objectName: text }), digits)}`;
}

const reserved = /^(?:kube-.*|default|microstax)$/;

/**
 * The names that an environment's namespace may get, in order: its own, as routing artifacts say it, then one with digits
 * of organisation, environment and epoch for where that is taken, or still being deleted.
 */
export function namespaceNames(org: string, env: string, epoch: number): readonly string[] {
  const own = objectName(env);
  const unique = objectName(`${env}-x${shortDigest(digestOf('kube-object', { org, env, epoch }), digits)}`);
  return reserved.test(own) ? [unique] : [own, unique];
}
