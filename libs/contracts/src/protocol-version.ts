/** One line per wire change, newest last; `oldestSpoken` is the oldest that this version still reads. */
export const wireHistory = [{ version: 1, change: 'events, commands, requests and buckets of the main job' }] as const;

export const wireVersion = 1;
export const oldestSpoken = 1;
