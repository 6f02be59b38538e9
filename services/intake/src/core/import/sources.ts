import type { ImportFile } from '@microstax/contracts/import-requests';
import type { Position } from '@microstax/model/finding';
import { type LineIndex, lineIndex } from '../line-index.ts';

/**
 * The files of one import as one run of text: each begins at an offset of its own, so that an offset alone says file,
 * line and column, wherever a value was merged to.
 */
export class Sources {
  readonly #files: { readonly path: string; readonly base: number; readonly lines: LineIndex }[] = [];
  #end = 0;

  /** Adds a file and returns the offset that it begins at. */
  add({ path, text }: ImportFile): number {
    const base = this.#end;
    this.#files.push({ path, base, lines: lineIndex(text) });
    this.#end = base + text.length + 1;
    return base;
  }

  positionAt(offset: number): Position {
    const file = this.#files.findLast(({ base }) => base <= offset);
    return file === undefined
      ? { line: 1, column: 1 }
      : { file: file.path, ...file.lines.positionAt(offset - file.base) };
  }
}
