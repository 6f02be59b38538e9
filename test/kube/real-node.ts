import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a kubelet needs beside it, of Debian's packages, unpacked and not installed. */
const packages = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'iptables',
  'libip4tc2',
  'libip6tc2',
  'libmnl0',
  'libnetfilter-conntrack3',
  'libnfnetlink0',
  'libnftnl11',
  'libxtables12',
];
/** Debian makes these links at installation. */
const links = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'];

/** The environment in which they are found; undefined, and said aloud, where they are not to be had or without root. */
export async function realNodeTools(): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    if (process.getuid?.() !== 0) throw new Error('a real node needs root');
    const folder = join(homedir(), '.cache', 'microstax', 'debian-node');
    if (!existsSync(join(folder, 'complete'))) await unpackInto(folder);
    const { stdout } = await run('dpkg', ['--print-architecture']);
    const libraries = join(folder, 'usr', 'lib', stdout.trim() === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu');
    const programs = [join(folder, 'usr', 'bin'), join(folder, 'usr', 'sbin')];
    return {
      PATH: [...programs, process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(':'),
      LD_LIBRARY_PATH: libraries,
      XTABLES_LIBDIR: join(libraries, 'xtables'),
      KUBEBOX_CNI_BIN: join(folder, 'usr', 'lib', 'cni'),
    };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(`SKIPPED: real pods: ${reason}\n`);
    return undefined;
  }
}

/** Complete or not there: put in place by a rename. */
async function unpackInto(folder: string): Promise<void> {
  const fresh = await mkdtemp(join(tmpdir(), 'msx-debian-node-'));
  await run('apt-get', ['download', ...packages], { cwd: fresh, timeout: 120_000 });
  for (const file of await readdir(fresh))
    if (file.endsWith('.deb')) await run('dpkg', ['-x', file, fresh], { cwd: fresh });
  for (const name of links) await symlink('xtables-nft-multi', join(fresh, 'usr', 'sbin', name));
  await run(join(fresh, 'usr', 'bin', 'containerd'), ['--version']);
  await mkdir(join(fresh, 'complete'));
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, '..'), { recursive: true });
  await run('cp', ['-a', fresh, `${folder}.${process.pid}`]);
  await rename(`${folder}.${process.pid}`, folder);
  await rm(fresh, { recursive: true, force: true });
}
