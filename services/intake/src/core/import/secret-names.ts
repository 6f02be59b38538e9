import type { WrittenText } from './written-text.ts';

const words: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'passphrase',
  'pass',
  'pwd',
  'secret',
  'secrets',
  'token',
  'key',
  'apikey',
  'credential',
  'credentials',
]);

const endings = ['password', 'passwd', 'passphrase', 'secret', 'apikey', 'token'];

/** Whether a variable's name says that its value is not for reading: `DB_PASSWORD`, `apiKey`, `SECRET_KEY_BASE`. */
export function saysSecret(name: string): boolean {
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (parts.includes('public')) return false;
  // `PASSWORD_FILE` names a place, not what is kept there.
  if (['file', 'path', 'dir', 'name', 'ttl', 'length', 'enabled'].includes(parts.at(-1) ?? '')) return false;
  return parts.some((part) => words.has(part) || endings.some((ending) => part.endsWith(ending)));
}

/** Why a value must not be written out, or undefined. Switches and nothing are no secrets. */
export function secretBecause(name: string, value: string, variables: readonly string[]): string | undefined {
  if (/^(true|false|yes|no|on|off)?$/i.test(value)) return undefined;
  if (saysSecret(name)) return 'its name says that it is secret';
  const made = variables.find(saysSecret);
  if (made !== undefined) return `it is made of ${made}, whose name says that it is secret`;
  if (/:\/\/[^\s/:@]*:[^\s/@]+@/.test(value)) return 'it holds a password before an address';
  if (/(?:^|[;&?\s])(?:password|pwd|passwd|secret|token)\s*=\s*[^;&\s]/i.test(value)) return 'it holds a password';
  return undefined;
}

/**
 * Why a command must not be written out, or undefined: a Blueprint's arguments are there for all to read. A flag says so
 * (`--password=…`, `--token …`), or a variable that a word is made of. A path is no secret, what is kept there is.
 */
export function secretWords(command: readonly WrittenText[]): string | undefined {
  for (const [index, { text, variables }] of command.entries()) {
    const [, flag, given] = /^-{1,2}([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
    const before = /^--([A-Za-z][\w.-]*)$/.exec(command[index - 1]?.text ?? '')?.[1];
    const [name, value] = flag === undefined ? [before ?? '', text] : [flag, given ?? ''];
    const path = /^\.{0,2}(?:\/[\w.-]+)+$/.test(value);
    if (!path && secretBecause(name, value, variables) !== undefined)
      return 'a word of it is secret, and commands are there for all to read; give it as a variable';
  }
  return undefined;
}
