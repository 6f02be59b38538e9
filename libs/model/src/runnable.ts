import type { ServiceSpec } from './service-spec.ts';

/** Whether a declaration says anything that could be started; without, a service can only be inherited. */
export function isRunnable({ run, image, mocks }: ServiceSpec): boolean {
  return run !== undefined || image !== undefined || mocks?.mode === 'replace';
}
