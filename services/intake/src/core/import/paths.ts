/** `a/b/../c` as `a/c`; what leads above its beginning stays. Pure: no file system is asked. */
export function normalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/') || (path.startsWith('/') ? '/' : '.');
}

export function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end === -1 ? '' : path.slice(0, end) || '/';
}

/** A path as a file of `folder` means it. */
export function joinPath(folder: string, path: string): string {
  return path.startsWith('/') || path.startsWith('~') || folder === ''
    ? normalPath(path)
    : normalPath(`${folder}/${path}`);
}
