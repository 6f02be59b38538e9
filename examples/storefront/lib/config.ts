/** The only reader of the environment in the storefront. A wrong value ends the program at its start, with a sentence. */

/** The text in `name`, or `fallback` where it is unset or empty. */
export function textFrom(name: string, fallback: string): string {
  return process.env[name] || fallback;
}

/** The whole number of at least 0 in `name`, or `fallback` where it is unset; throws for anything else. */
export function countFrom(name: string, fallback: number): number {
  const text = textFrom(name, String(fallback));
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`Cannot read ${name} "${text}": it must be a whole number of at least 0`);
}

/** The http URL in `name`, or `undefined` where it is unset; throws for anything else. */
export function urlFrom(name: string): URL | undefined {
  const text = textFrom(name, '');
  if (text === '') return undefined;
  const url = URL.parse(text);
  if (url?.protocol === 'http:') return url;
  throw new Error(`Cannot read ${name} "${text}": it must be an http URL such as http://127.0.0.1:8080`);
}

/** The http URL in `name`; throws where it is unset, because the service cannot work without it. */
export function requiredUrlFrom(name: string): URL {
  const url = urlFrom(name);
  if (url !== undefined) return url;
  throw new Error(`Cannot start without ${name}: set it to the URL of the service it names`);
}

/** The directory for data that outlives the process; throws where there is none, because carts would be lost silently. */
export function dataDirFrom(name = 'MSX_DATA_DIR'): string {
  const dir = textFrom(name, '');
  if (dir !== '') return dir;
  throw new Error(`Cannot start without ${name}: set it to a directory that outlives the process`);
}
