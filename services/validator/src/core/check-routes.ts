import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { Resolution } from '@microstax/model/resolution';

/** Protocol 15: what is unique under a root. Header names are the same in every case, values are not. */
export function routeKey({ context }: Pick<Resolution, 'context'>): string {
  return `route:${context.root}/${context.headerName.toLowerCase()}=${context.value}`;
}

/** Siblings that would be told by the same header and value block; a value that is another's name warns. */
export function checkRoutes({ env, context }: Resolution, { siblings }: Facts): Finding[] {
  const header = context.headerName.toLowerCase();
  return siblings.flatMap((sibling): Finding[] => {
    if (sibling.env === env) return [];
    if (sibling.value === context.value && sibling.headerName.toLowerCase() === header)
      return [
        {
          severity: 'error',
          code: 'route-collision',
          subject: env,
          reason: `requests with ${header}: ${context.value} would mean ${env} and ${sibling.env}, both under ${context.root}`,
          next: `choose another routing.overlayId for ${env}, or delete ${sibling.env}`,
          evidence: { header, value: context.value, sibling: sibling.env },
        },
      ];
    if (sibling.env !== context.value) return [];
    return [
      {
        severity: 'warning',
        code: 'misleading-context-value',
        subject: env,
        reason: `${header}: ${context.value} means ${env}, although an environment of that name is told by "${sibling.value}"`,
        next: `choose a routing.overlayId for ${env} that names no other environment`,
        evidence: { header, value: context.value, sibling: sibling.env },
      },
    ];
  });
}
