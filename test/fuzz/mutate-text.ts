import type { Random } from './random.ts';

/** What breaks parsers: syntax, words with a meaning of their own, characters that nobody sees. */
const dirt: readonly string[] = [
  ...[
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    ', ',
    '-',
    '- ',
    '\n',
    '\n  ',
    '\n\t',
    '\t',
    '\r',
    '\r\n',
    '|',
    '>',
    '|2\n',
    '#',
    ' #',
  ],
  ...[
    '? ',
    '<<: ',
    '&a ',
    '*a',
    '*gone',
    '!x ',
    '!!str ',
    '%YAML 1.1\n',
    '---\n',
    '...\n',
    '\u0000',
    '\u0007',
    '\u001b[2J',
    '\u007f',
    '\u0085',
  ],
  ...['\u2028', '\u202e', '\u200b', '\ufeff', '\ud800', '\udc00', 'а', 'é', '😀', '\\', '\\u0000', '\\ud800', '\\x'],
  ...[
    'null',
    '~',
    'true',
    'yes',
    '-1',
    '0',
    '1e309',
    '0x10',
    '0o7',
    '1_000',
    '.inf',
    '.nan',
    '1.20',
    '2024-01-01',
    '9'.repeat(30),
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'name',
    'services',
    'secrets',
    'auto-generated',
    'remove: true',
    '${',
    `\${host.web}`,
    `\${port.http}`,
  ],
  ...['k'.repeat(300), '['.repeat(40), '{a: '.repeat(40), '- '.repeat(40), '*a, '.repeat(20), ' '.repeat(200)],
];

/** One to three changes of the characters. */
export function mutateText(text: string, random: Random, other: string): string {
  let changed = text;
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) changed = changeOnce(changed, random, other);
  return changed;
}

function changeOnce(text: string, random: Random, other: string): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.below(random.chance(0.8) ? 12 : 400));
  const cut = text.slice(at, to);
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, to) + cut + text.slice(to);
    case 2:
      return text.slice(0, at);
    case 3: {
      const from = random.below(other.length);
      return text.slice(0, at) + other.slice(from, from + random.below(200)) + text.slice(at);
    }
    case 4:
      return (
        text.slice(0, at) + String.fromCharCode(random.below(random.chance(0.7) ? 128 : 65_536)) + text.slice(at + 1)
      );
    case 5: {
      const moved = random.below(text.length + 1);
      const rest = text.slice(0, at) + text.slice(to);
      return rest.slice(0, moved) + cut + rest.slice(moved);
    }
    default:
      return text.slice(0, at) + random.pick(dirt) + text.slice(random.chance(0.5) ? at : to);
  }
}
