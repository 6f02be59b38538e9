/** A process knows the names of others by listeners, so it never asks for the composition. */
export function neverAsked(): Promise<never> {
  return Promise.reject(new Error('a process driver asks for no composition'));
}
