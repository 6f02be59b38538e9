import { ourName } from './names.ts';

/** A volume in the words of a Blueprint. Where the name is empty it is called by its place. */
export type ImportedVolume = {
  readonly name: string;
  readonly mountPath: string;
  readonly type: 'pvc' | 'empty' | 'bind' | 'config' | 'secret';
  readonly source?: string;
  readonly size?: string;
  readonly readOnly?: boolean;
  readonly subPath?: string;
  readonly files?: Readonly<Record<string, string>>;
};

const stemCharsMax = 36; // room for a number behind it

/** Volumes with a name each. One name at several places is one volume, so only names that were made up are told apart. */
export function namedVolumes(volumes: readonly ImportedVolume[]): ImportedVolume[] {
  const taken = new Set(volumes.map(({ name }) => name));
  return volumes.map((volume) => {
    if (volume.name !== '') return volume;
    const stem = (ourName(volume.mountPath) ?? 'files').slice(0, stemCharsMax).replace(/-+$/, '');
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return { ...volume, name };
  });
}
