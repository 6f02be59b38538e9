// Who a process is, so that nobody signals a stranger that got the same process id (protocol 22, 23). Linux only: the
// answers come from /proc.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export type ProcessIdentity = {
  readonly pid: number;
  /** Ticks between the boot of the machine and the start of the process; opaque, to be compared only. */
  readonly startTime: string;
  readonly bootId: string;
};

export type OwnerIdentity = ProcessIdentity & { readonly host: string };

/** Throws a sentence on anything but Linux. Called at start by whoever needs the functions below. */
export function requireLinux(platform: string = process.platform): void {
  if (platform === 'linux') return;
  throw new Error(
    `Cannot run processes on ${JSON.stringify(platform)}: who a process is, is read from /proc, which needs Linux; run this part on Linux`,
  );
}

/** This process. Throws on anything but Linux. */
export function ownerIdentity(): OwnerIdentity {
  requireLinux();
  const startTime = processStartTime(process.pid);
  if (startTime === undefined)
    throw new Error('Cannot read the start time of this process: /proc/self/stat is missing');
  return { host: hostname(), pid: process.pid, startTime, bootId: bootId() };
}

/** Field 22 of /proc/<pid>/stat; undefined where the process has ended. */
export function processStartTime(pid: number): string | undefined {
  return living(pid)?.startTime;
}

/** The letter of the kernel: R, S, D, T, t or I. Undefined where the process has ended; a zombie has (protocol 23). */
export function processState(pid: number): string | undefined {
  return living(pid)?.state;
}

/** A new text at each boot of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether exactly this process still lives: not ended, no zombie, no later process with its id, no earlier boot. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && identity.startTime === processStartTime(identity.pid);
}

/** Reads state and start time from a stat line. The name in field 2 may hold spaces and brackets: fields follow its last one. */
export function parseStat(line: string): { readonly state: string; readonly startTime: string } | undefined {
  const fields = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const [state, startTime] = [fields[0], fields[22 - 3]]; // the first field here is field 3
  if (state === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return undefined;
  return { state, startTime };
}

function living(pid: number): { readonly state: string; readonly startTime: string } | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const stat = parseStat(line);
  return stat === undefined || /^[ZXx]$/.test(stat.state) ? undefined : stat;
}
