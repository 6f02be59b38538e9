import { expect, test } from 'vitest';
import { CommitBell } from './commit-bell.ts';

const at = (key: string) => ({ collection: 'activations', key }) as const;

test('ring() wakes whoever listens to a written document, and nobody else', async () => {
  const bell = new CommitBell();
  using mine = bell.listen(at('a'));
  using also = bell.listen(at('a'));
  using other = bell.listen(at('b'));
  let rung = false;
  void other.rung.then(() => {
    rung = true;
  });
  bell.ring({ puts: [{ ...at('a'), body: 1 }] });
  await Promise.all([mine.rung, also.rung]);
  expect(rung).toBe(false);
});

test('a listener that was disposed does not keep the others from hearing', async () => {
  const bell = new CommitBell();
  using mine = bell.listen(at('a'));
  bell.listen(at('a'))[Symbol.dispose]();
  bell.ring({ puts: [{ ...at('a'), body: 1 }] });
  await expect(mine.rung).resolves.toBeUndefined();
});
