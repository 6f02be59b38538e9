import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { groupMembers } from './process-group.ts';

const listening = '0A'; // as /proc/net/tcp says it

/**
 * Whether a member of the process group listens on the port. False also where it cannot be told: the program is another
 * user's, or lets somebody else listen for it.
 */
export function groupListens(group: number, port: number): boolean {
  const inodes = listenersOn(port);
  if (inodes.size === 0) return false;
  return groupMembers(group).some((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
}

/** The sockets of this machine that listen on the port, by inode. */
function listenersOn(port: number): ReadonlySet<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const found = new Set<string>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(file)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === listening && local.endsWith(`:${wanted}`)) found.add(inode);
    }
  }
  return found;
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => socketAt(`/proc/${pid}/fd/${descriptor}`));
  } catch {
    return []; // it has ended, or is another user's
  }
}

function socketAt(path: string): readonly string[] {
  try {
    return [...readlinkSync(path).matchAll(/^socket:\[(\d+)\]$/g)].map((hit) => hit[1] ?? '');
  } catch {
    return []; // closed meanwhile
  }
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return []; // a kernel without IPv6 has no such file
  }
}
