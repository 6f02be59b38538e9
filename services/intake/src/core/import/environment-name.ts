import type { ImportTarget } from '@microstax/contracts/import-requests';
import type { Complaints } from './complaints.ts';
import { ourName } from './names.ts';

/**
 * What the environment is called: as the request says, else as the files do, else as the request falls back to; the first
 * that can be a name of ours. Complains where there is none, and where an overlay is asked for without its parent.
 */
export function environmentName(request: ImportTarget, inFiles: string | undefined, complaints: Complaints): string {
  if (request.mode === 'overlay' && request.baseline === undefined)
    complaints.add({
      code: 'missing-parent',
      path: 'routing.baselineId',
      at: 0,
      reason: 'an overlay needs a parent',
      next: 'give --baseline <name>',
    });
  for (const one of [request.name, inFiles, request.fallbackName]) {
    const ours = one === undefined ? undefined : ourName(one);
    if (ours !== undefined) return ours;
  }
  complaints.add({
    code: 'no-name',
    path: 'name',
    at: 0,
    reason: 'neither the files nor the request say what the environment is called',
    next: 'give --name',
  });
  return 'imported';
}
