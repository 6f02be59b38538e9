// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a text that holds one
import { expect, test } from 'vitest';
import { addressesIn } from './addresses.ts';
import { dockerBytes, durationSeconds, millicores, quantityOf } from './quantities-of-compose.ts';
import { secretBecause } from './secret-names.ts';
import { shellWords } from './shell-words.ts';

test.each([
  ['a  b', ['a', 'b']],
  [`a 'b "c"' "d 'e'"`, ['a', 'b "c"', "d 'e'"]],
  ['a\\ b c', ['a b', 'c']],
  ['"a\\"b" "c\\d"', ['a"b', 'c\\d']],
  ['-x="" \'\'', ['-x=', '']],
  ['a $HOME *', ['a', '$HOME', '*']],
  ['', []],
])('shellWords() splits %j', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test.each([`a 'b`, 'a "b', 'a\\'])('shellWords() refuses %j, which is not closed', (text) => {
  expect(shellWords(text)).toBeUndefined();
});

test.each([
  ['http://cart:7070/a?via=gate:1', ['url cart 7070', 'host and port gate 1']],
  ['redis://user:pass@store', ['url store -']],
  ['cart:7070', ['host and port cart 7070']],
  ['a:1,b:2', ['host and port a 1', 'host and port b 2']],
  ['1@kafka:9093', ['host and port kafka 9093']],
  ['jdbc:postgresql://db:5432/x', ['url db 5432']],
  ['mongodb://a:1,b:2/x', ['url a 1', 'host and port b 2']],
  ['Host=db;Username=me', ['named db -']],
  ['cart', ['bare cart -']],
  ['two words', []],
  ['image/name:5000', []],
  ['a:70000', []],
  ['10:20:30', []],
  ['${port.cart.http}:80', []],
])('addressesIn() finds in %j', (text, found) => {
  expect(addressesIn(text).map(({ form, host, port }) => `${form} ${host} ${port ?? '-'}`)).toEqual(found);
});

test.each([
  ['DB_PASSWORD', 'x', true],
  ['apiKey', 'x', true],
  ['SECRET_KEY_BASE', 'x', true],
  ['MYSQL_ALLOW_EMPTY_PASSWORD', 'true', false],
  ['PASSWORD_FILE', '/run/x', false],
  ['PUBLIC_KEY', 'x', false],
  ['KEYCLOAK_URL', 'http://keycloak', false],
  ['MONKEY', 'x', false],
  ['MAX_TOKENS', '5', false],
  ['URL', 'postgres://a:b@c', true],
  ['DSN', 'Host=a;Password=b', true],
  ['TOKEN', '', false],
])('secretBecause() of %s=%s is %s', (name, value, secret) => {
  expect(secretBecause(name, value, []) !== undefined).toBe(secret);
});

test('amounts and durations of Compose are read as Docker means them', () => {
  expect(['300M', '1.5gb', '64k', '1048576', '2GiB', 'x', '0'].map(dockerBytes)).toEqual([
    314_572_800,
    1_610_612_736,
    65_536,
    1_048_576,
    2_147_483_648,
    undefined,
    undefined,
  ]);
  expect([314_572_800, 2_147_483_648, 1_000].map(quantityOf)).toEqual(['300Mi', '2Gi', '1000']);
  expect(['0.5', '2', '-1', '0'].map(millicores)).toEqual(['500m', '2000m', undefined, undefined]);
  expect(['10s', '1m30s', '500ms', '1h', 'soon', ''].map(durationSeconds)).toEqual([
    10,
    90,
    0.5,
    3600,
    undefined,
    undefined,
  ]);
});
