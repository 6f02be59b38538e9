import type { Finding } from '@microstax/model/finding';
import { expect, test } from 'vitest';
import { accepted } from './import.ts';

const finding = (severity: Finding['severity']): Finding => ({ severity, code: 'bad-port', subject: 'a', reason: 'b' });

test('a refused import counts what has to be mended apart from what is only told', () => {
  const refused =
    (...findings: Finding[]) =>
    () =>
      accepted({ kind: 'refused', findings });
  expect(refused(finding('error'))).toThrow(/^Nothing was imported; 1 finding:\n/);
  expect(refused(finding('error'), finding('error'), finding('warning'))).toThrow('; 2 findings and 1 warning:\n');
});
