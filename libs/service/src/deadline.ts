/** Something did not happen in time. The message is the sentence given to `withDeadline`. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * The promise's own result, or a `DeadlineError` with the sentence once `ms` have passed. The work itself goes on: who
 * wants it ended hands it a signal.
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number, sentence: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(sentence)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
