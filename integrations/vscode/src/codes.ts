/** Codes of findings. */

const CODE = /\bCC\d{4}\b/g;

/** The code that is written at a column of a line. */
export function codeAt(line: string, column: number): string | undefined {
  for (const match of line.matchAll(CODE)) {
    if (match.index <= column && column <= match.index + match[0].length) {
      return match[0];
    }
  }
  return undefined;
}

/** A code as somebody types it; none where it is no code and no name of one. */
export function readCode(typed: string): string | undefined {
  const text = typed.trim();
  if (/^cc\d{4}$/i.test(text)) {
    return text.toUpperCase();
  }
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(text) ? text : undefined;
}
