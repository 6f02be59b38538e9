type Output = Pick<NodeJS.WriteStream, 'on'>;

/**
 * A reader that has enough (`msx events | head`) ends the program without a word, with the exit code it has so far. Where
 * only progress is no longer read, the work and its exit code still count.
 */
export function endWithReaders(data: Output, progress: Output): void {
  data.on('error', (error) => {
    if (!isBroken(error)) throw error;
    process.exit();
  });
  progress.on('error', (error) => {
    if (!isBroken(error)) throw error;
  });
}

function isBroken(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ECONNRESET';
}
