import { interpolationWords } from '../interpolation.ts';

/** Why what holds such words is not carried. */
export const filledInReason = `it holds \${…} that a Blueprint would fill in itself`;

/** Whether a text holds `${…}` that a Blueprint would fill in or refuse; others (`${HOME}`) are passed on as they are. */
export function fillsIn(text: string): boolean {
  return text.includes('${') && interpolationWords(text).some(({ kind }) => kind !== 'foreign');
}
