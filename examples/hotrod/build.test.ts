import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildHotrod } from './build.ts';

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'msx-hotrod-'));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

describe('buildHotrod()', () => {
  test('says plainly that it was skipped where there is no Go, and leaves nothing half done', async () => {
    const built = await buildHotrod({ cacheDir, announce: fail, goPlaces: [join(cacheDir, 'no-go')] });

    expect(built).toEqual({
      skipped: expect.stringMatching(/^Cannot build HotROD v1\.76\.0: it needs Go 1\.25 or newer/),
    });
    expect(readdirSync(join(cacheDir, 'hotrod', 'v1.76.0'))).toEqual([]);
  });

  test('is skipped where Go is too old', async () => {
    const old = await program('old-go', 'echo go1.19.8');

    const built = await buildHotrod({ cacheDir, announce: fail, goPlaces: [old] });

    expect(built).toEqual({ skipped: expect.stringContaining(`"${old}" is go1.19.8`) });
  });

  test('takes the binary from the cache without asking for Go', async () => {
    const home = join(cacheDir, 'hotrod', 'v1.76.0');
    await mkdir(home, { recursive: true });
    const path = await program(join('hotrod', 'v1.76.0', 'hotrod'), 'echo hotrod');

    expect(await buildHotrod({ cacheDir, announce: fail, goPlaces: [] })).toEqual({ path });
  });

  test('puts the binary in its place only after every step of the build went well', async () => {
    const announced: string[] = [];
    const announce = (line: string): void => void announced.push(line);
    const broken = await program('broken-go', '[ "$1" = env ] && echo go1.26.0 && exit; echo no route >&2; exit 1');
    const path = join(cacheDir, 'hotrod', 'v1.76.0', 'hotrod');

    await expect(buildHotrod({ cacheDir, announce, goPlaces: [broken] })).rejects.toThrow(/"go get .*\nno route/);
    expect(existsSync(path)).toBe(false);

    const works = await program('go', '[ "$1" = env ] && echo go1.26.0 && exit; [ "$1" = get ] || echo built >hotrod');
    expect(await buildHotrod({ cacheDir, announce, goPlaces: [works] })).toEqual({ path });
    expect(announced.at(-1)).toBe(`built ${path}`);
    expect(readdirSync(join(cacheDir, 'hotrod', 'v1.76.0'))).toEqual(['hotrod']);
  });
});

async function program(name: string, script: string): Promise<string> {
  const path = join(cacheDir, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

function fail(line: string): never {
  throw new Error(`nothing should be announced, was "${line}"`);
}
