/** One token of a subject, a bucket key and a store key (design 3). */
export const tokenPattern = /^[a-z0-9-]{1,40}$/;

export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

/** Protocol 6. */
export const defaultOrg = 'default';
export const localActor = 'local';
export const defaultHeaderName = 'x-msx-env';

export type ActivationId = `${string}@${number}` | `${string}@preview-${string}`;

/** The id of one generation's way from derivation to outcome. */
export function activationId(env: string, generation: number): ActivationId {
  return `${env}@${generation}`;
}
