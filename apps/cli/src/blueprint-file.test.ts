import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readBlueprintFile } from './blueprint-file.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-blueprint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function refusal(read: () => unknown): CliError {
  try {
    read();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was read');
}

test.each([
  ['yaml', 'services: []\nname: shop\n'],
  ['quoted yaml', 'name: "shop" # the whole\n'],
  ['single quotes', "name: 'shop'\n"],
  ['json', '{"services": [{"name": "web"}], "name": "shop"}'],
  ['a service named before it', 'services:\n  - name: web\nname: shop\n'],
  ['a document marker before it', '---\nname: shop\n'],
])('the name at the top is read from %s', (_, text) => {
  expect(readBlueprintFile(fileOf('some-file.yaml', text)).env).toBe('shop');
});

test.each([
  ['from: { env: shop, generation: 3 }\nchanges: { services: [{ name: web }] }\n', 'shop'],
  ['name: copy\nfrom: { env: shop, generation: 3 }\n', 'copy'],
])('what is made from a stored generation is that environment, or has a name of its own', (text, env) => {
  expect(readBlueprintFile(fileOf('some-file.yaml', text)).env).toBe(env);
});

test('the name is found in a text that is broken further down', () => {
  const file = fileOf('broken.yaml', 'name: shop\nservices: [\n  - {{{\n');
  expect(readBlueprintFile(file).env).toBe('shop');
});

test('the bytes are kept as they are, whatever they hold', () => {
  const bytes = Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0x78, 0x0a, 0xff, 0xfe, 0x00]);
  expect(readBlueprintFile(fileOf('bytes.yaml', bytes)).bytes.equals(bytes)).toBe(true);
});

test('a file without a name is called as the file is, where that is a name', () => {
  expect(readBlueprintFile(fileOf('Feat-Login.yaml', 'services: []\n')).env).toBe('feat-login');
});

test('--env counts more than what the file says', () => {
  expect(readBlueprintFile(fileOf('named.yaml', 'name: shop\n'), 'other').env).toBe('other');
});

test('a name that is not allowed is quoted, shortened, with what is allowed', () => {
  const error = refusal(() => readBlueprintFile(fileOf('bad.yaml', `name: "${'Ä'.repeat(200)}"\n`)));
  expect(error.exitCode).toBe(exitCodes.invalidInput);
  expect(error.message).toContain('1 to 40 of a-z, 0-9 and "-"');
  expect(error.message.length).toBeLessThan(300);
});

test('no name anywhere is refused with what to write', () => {
  const error = refusal(() => readBlueprintFile(fileOf('No_Name.yaml', 'services: []\n')));
  expect(error).toMatchObject({ exitCode: exitCodes.invalidInput, parts: { code: 'no-name' } });
  expect(error.parts.next).toContain('--env');
});

test.each([
  ['a missing file', join(folder, 'nowhere.yaml'), 'there is no such file'],
  ['a directory', folder, 'it is a directory'],
])('%s is a mistake in usage that says so', (_, file, why) => {
  const error = refusal(() => readBlueprintFile(file));
  expect(error.exitCode).toBe(exitCodes.usage);
  expect(error.message).toContain(why);
});

test('10 MB are refused with the size and the limit before anything is sent', () => {
  const error = refusal(() => readBlueprintFile(fileOf('large.yaml', Buffer.alloc(10 * 1024 * 1024, 'a'))));
  expect(error).toMatchObject({ exitCode: exitCodes.invalidInput, parts: { code: 'blueprint-too-large' } });
  expect(error.message).toContain(`${10 * 1024 * 1024} bytes, at most ${8 * 1024 * 1024}`);
  expect(error.message).toContain('large.yaml:1:1');
});

test('a long text is searched for its name and not parsed: its aliases are intake’s to refuse', () => {
  const levels = Array.from({ length: 8_000 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
  const file = fileOf('bomb.yaml', `name: bomb\na0: &a0 [x]\n${levels.join('\n')}\n`);
  expect(readBlueprintFile(file).env).toBe('bomb');
});

test("a text that is broken at its name is called like its file, and what is wrong is intake's to say", () => {
  expect(readBlueprintFile(fileOf('broken.yaml', 'name: [\n')).env).toBe('broken');
});
