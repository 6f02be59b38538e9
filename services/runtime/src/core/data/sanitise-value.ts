import type { Sanitising } from '@microstax/model/revision';

/** What a column can hold, as far as sanitising asks. */
export type ValueKind = 'text' | 'smallint' | 'integer' | 'bigint' | 'uuid' | 'other';

export type ValueShape = {
  readonly kind: ValueKind;
  /** Of a text: how many characters fit. */
  readonly charsMax?: number;
};

/** 64 hexadecimal digits that a secret key makes of a text: the same of the same, and nothing says of what. */
export type Keyed = (text: string) => string;

/**
 * What becomes of one value; null is nothing. It depends on the value, the way, the kind of the column and the key alone,
 * so that what was equal in two tables is equal afterwards. Nothing stays nothing.
 */
export function sanitiseValue(how: Sanitising, value: string, shape: ValueShape, keyed: Keyed): string | null {
  switch (how) {
    case 'keep':
      return value;
    case 'nullify':
      return null;
    case 'redact':
      return fit('[redacted]', shape);
    case 'mask':
      return masked(value);
    case 'hash':
      return hashed(value, shape, keyed);
    case 'fake':
      return shape.kind === 'text' ? fit(faked(value, keyed), shape) : hashed(value, shape, keyed);
  }
}

/** Why values of this kind cannot be treated so, what to do instead; undefined where they can. */
export function whyNot(how: Sanitising, { kind }: ValueShape, required: boolean): string | undefined {
  if (how === 'keep') return undefined;
  if (how === 'nullify') return required ? 'it may not be null; use hash, fake or redact' : undefined;
  if (kind === 'text') return undefined;
  if (kind === 'other') return 'values of its type can only be kept or nullified';
  return how === 'mask' || how === 'redact'
    ? `values of type ${kind} can be hashed, faked, nullified or kept`
    : undefined;
}

/** Letters and digits behind the first become asterisks; what stands between them, and the length, can be seen. */
function masked(value: string): string {
  const [first = '', ...rest] = value;
  return first + rest.map((char) => (/[\p{L}\p{N}]/u.test(char) ? '*' : char)).join('');
}

const hashChars = 32;
const bitsOf = { smallint: 15, integer: 31, bigint: 53 } as const; // positive, and exact for whoever reads it as a float

function hashed(value: string, shape: ValueShape, keyed: Keyed): string {
  const digits = keyed(value);
  switch (shape.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return String(BigInt(`0x${digits.slice(0, 16)}`) & ((1n << BigInt(bitsOf[shape.kind])) - 1n));
    case 'uuid':
      return [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `4${digits.slice(13, 16)}`,
        `8${digits.slice(17, 20)}`,
        digits.slice(20, 32),
      ].join('-');
    default:
      return fit(digits.slice(0, hashChars), shape);
  }
}

const firstNames = [
  'Ada',
  'Ben',
  'Chloe',
  'Dara',
  'Emil',
  'Fatma',
  'Goran',
  'Hana',
  'Ivo',
  'Juno',
  'Kofi',
  'Lena',
  'Mio',
  'Nora',
  'Omar',
  'Pia',
];
const lastNames = [
  'Abel',
  'Brook',
  'Costa',
  'Dahl',
  'Eder',
  'Frost',
  'Grau',
  'Holm',
  'Ito',
  'Jansen',
  'Kaya',
  'Lund',
  'Moreau',
  'Novak',
  'Okoye',
  'Petrov',
];
const fakedDigits = 10; // 40 bits, so that what was unique stays it in any table a person looks at

/** Something that looks like what it stands for, as its value tells; addresses lead nowhere (example.com is reserved). */
function faked(value: string, keyed: Keyed): string {
  const digits = keyed(value);
  const tail = digits.slice(2, 2 + fakedDigits);
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return `user-${tail}@example.com`;
  if (/^\+?[\d\s()/.-]{6,}$/.test(value)) return `+1555${String(BigInt(`0x${tail}`) % 10_000_000n).padStart(7, '0')}`;
  const [first, last] = [firstNames, lastNames].map((names, index) => names[Number.parseInt(digits.charAt(index), 16)]);
  return `${first} ${last} ${tail}`;
}

function fit(text: string, { charsMax }: ValueShape): string {
  return charsMax === undefined ? text : text.slice(0, charsMax);
}
