/** What a policy does where its condition holds. The first three ask about each service, `veto` about each candidate. */
export type PolicyEffect = 'forbid' | 'require' | 'prefer' | 'veto';

/**
 * One rule of an organisation about plans. `when` is a CEL expression: of a service and its environment, or of a
 * candidate plan and its environment. What is not a plain `true` or `false` denies the plan.
 */
export type Policy = {
  readonly name: string;
  /** `forbid` a copy here, `require` one, `prefer` a placement at a price, `veto` a candidate. */
  readonly effect: PolicyEffect;
  readonly when: string;
  /** Why, for whoever meets it. */
  readonly message: string;
  /** `prefer` only. */
  readonly placement?: 'local' | 'remote';
  /** `prefer` only: what ignoring it costs an hour. */
  readonly microsPerHour?: number;
};

/** The value of the artifact `policy`, sorted by name; empty where an organisation has none. */
export type PolicyBundle = readonly Policy[];

export const policyBytesMax = 5 * 1024; // an expression that is longer is read by nobody
export const policiesMax = 200;
