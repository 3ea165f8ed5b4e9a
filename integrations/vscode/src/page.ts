/** The page of an answer. Nothing of the editor is used here. */

export interface Answer {
  readonly title: string;
  readonly text: string;
  readonly language: string;
}

/** How lines that say something begin, by language. */
const COMMENTS: Readonly<Record<string, string>> = { contentcheck: "# ", jsonc: "// " };

export function isAnswer(answer: unknown): answer is Answer {
  if (typeof answer !== "object" || answer === null) {
    return false;
  }
  const { title, text, language } = answer as Partial<Record<keyof Answer, unknown>>;
  return [title, text, language].every((part) => typeof part === "string");
}

/** The title, as a comment where the language has any, and the text. */
export function page({ title, text, language }: Answer): string {
  const heading = `${COMMENTS[language] ?? ""}${title.replaceAll(/\s+/g, " ")}\n`;
  return text === "" ? heading : `${heading}\n${text}`;
}
