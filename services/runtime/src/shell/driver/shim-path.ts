import { fileURLToPath } from 'node:url';

/** The shell script that compares epochs under a lock and becomes the program (protocol 23). */
export const shimPath = fileURLToPath(new URL('./shim.sh', import.meta.url));
export const shell = '/bin/sh';
