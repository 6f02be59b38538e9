import type { PredictionSignal } from '@microstax/model/prediction';
import type { ServiceSpec } from '@microstax/model/service-spec';

// Guesses of ours, in the order of how much they say; what history knows is added to them.
const sameImagePercent = 95;
const labelledPathPercent = 95;
const ownFilePercent = 95;
const ownFolderPercent = 85;
const folderOfNamePercent = 80;
const imageOfNamePercent = 70;
const fileOfNamePercent = 60;

/** The label by which a Blueprint says where a service's sources are: a folder, or several divided by blanks. */
export const pathLabel = 'path';

/**
 * What a Blueprint says about a changed file or image and one service: the same image under any tag; the folders that
 * the label `path` names; the program and folder of a local process; the name of the service as a folder, file or image.
 */
export function declaredSignals(word: string, spec: ServiceSpec): readonly PredictionSignal[] {
  const byImage = imageSignal(word, spec);
  if (byImage !== null) return [byImage];
  const path = word.replace(/^\.\//, '');
  const byPath = labelSignal(path, spec) ?? programSignal(path, spec) ?? nameSignal(path, spec);
  return byPath === null ? [] : [byPath];
}

function imageSignal(word: string, { name, image }: ServiceSpec): PredictionSignal | null {
  const repository = repositoryOf(word);
  if (repository === null) return null;
  if (image !== undefined && repository === repositoryOf(image))
    return { kind: 'image', percent: sameImagePercent, text: `${word} is its image` };
  if (!/[:@]/.test(word)) return null; // `services/cart` is a folder before it is an image
  const last = repository.split('/').at(-1) ?? '';
  if (!sameName(last, name)) return null;
  return { kind: 'image', percent: imageOfNamePercent, text: `image ${word} is called like it` };
}

/** Without tag and digest, and without what every registry's name may leave out. */
function repositoryOf(word: string): string | null {
  const [bare = ''] = word.split('@');
  const colon = bare.lastIndexOf(':');
  const name = colon > bare.lastIndexOf('/') ? bare.slice(0, colon) : bare;
  const short = name.replace(/^docker\.io\//, '').replace(/^library\//, '');
  return /^[a-z0-9][a-z0-9._/:-]*$/.test(short) ? short : null;
}

function labelSignal(path: string, { labels }: ServiceSpec): PredictionSignal | null {
  const said = Object.hasOwn(labels, pathLabel) ? (labels[pathLabel] ?? '') : '';
  const folder = said
    .split(/\s+/)
    .map((one) => one.replace(/^\.\//, '').replace(/\/$/, ''))
    .find((one) => one !== '' && isUnder(path, one));
  if (folder === undefined) return null;
  return { kind: 'path', percent: labelledPathPercent, text: `${path} is in ${folder}, which its label "path" names` };
}

/** A command's own files, and the folder that they are in: the folder a process starts in, or that of its script. */
function programSignal(path: string, { run, init = [] }: ServiceSpec): PredictionSignal | null {
  if (run === undefined) return null;
  const cwd = run.cwd.replace(/^\.\//, '').replace(/\/$/, '');
  const here = cwd === '' || cwd === '.' ? '' : `${cwd}/`;
  const scripts = init.flatMap(({ script }) => script ?? []);
  const files = [...run.command.slice(1), ...scripts].filter((one) => /\w\.\w+$/.test(one) && !one.startsWith('/'));
  const own = files.map((one) => here + one.replace(/^\.\//, ''));
  if (own.includes(path)) return { kind: 'path', percent: ownFilePercent, text: `${path} is what it runs` };
  const folders = here === '' ? own.map(folderOf).filter((one) => one !== '') : [cwd];
  const folder = folders.find((one) => isUnder(path, one));
  if (folder === undefined) return null;
  return { kind: 'path', percent: ownFolderPercent, text: `${path} is in ${folder}, which it runs from` };
}

function nameSignal(path: string, { name }: ServiceSpec): PredictionSignal | null {
  const parts = path.split('/');
  const file = parts.pop() ?? '';
  if (parts.some((part) => sameName(part, name)))
    return { kind: 'name', percent: folderOfNamePercent, text: `${path} has a folder that is called like it` };
  const base = file.replace(/\.[^.]*$/, '');
  if (!sameName(base, name)) return null;
  return { kind: 'name', percent: fileOfNamePercent, text: `${path} is called like it` };
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** `cart`, `cart-service`, `CartService` and `cart_svc` are one name. */
function sameName(one: string, other: string): boolean {
  return plainName(one) === plainName(other) && plainName(one) !== '';
}

function plainName(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return plain.replace(/(?:service|svc)$/, '') || plain;
}
