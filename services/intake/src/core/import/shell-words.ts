/** Splits a command as a shell would: blanks part words, quotes and backslashes keep them together; nothing is expanded. */
export function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? '';
    if (quote === "'" ? letter === "'" : quote === '"' && letter === '"') quote = undefined;
    else if (quote === undefined && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= '';
    } else if (letter === '\\' && quote !== "'") {
      const next = text[at + 1];
      if (next === undefined) return undefined;
      at += 1;
      // In double quotes a backslash is one, but before what would end or change them.
      word = (word ?? '') + (quote === '"' && !'"\\$`\n'.includes(next) ? `\\${next}` : next === '\n' ? '' : next);
    } else if (quote === undefined && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
