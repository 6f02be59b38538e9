import type { Json } from '../canonical-json.ts';
import type { RouteAnswers } from './route-answers.ts';

/** The service's record as the route table of our router carries it (protocol 25), which joins it with the others'. */
export function routerObjects({ env, record }: RouteAnswers): readonly Json[] {
  const { service, tier, target, code, ports } = record;
  return [{ env, service, tier, target, ...(code === undefined ? {} : { code }), ports }];
}
