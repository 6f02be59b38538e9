import { createHmac } from 'node:crypto';
import type { Keyed } from '../../../core/data/sanitise-value.ts';

/** Made with a secret, so that nobody who has none can try out what a value might have been. */
export function keyedBy(secret: string): Keyed {
  return (text) => createHmac('sha256', secret).update(text).digest('hex');
}
