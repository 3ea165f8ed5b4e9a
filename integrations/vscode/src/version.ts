/** What a program says of its version, and whether that will do. */

/** The first version that has the language server. */
export const LEAST = "0.1.0";

export type Answer =
  | { readonly kind: "fine"; readonly version: string }
  | { readonly kind: "old"; readonly version: string }
  /** It is not contentcheck, or not one that runs here. */
  | { readonly kind: "other" };

/** Reads what `contentcheck --version` printed. */
export function judge(printed: string, least: string = LEAST): Answer {
  const match = /^contentcheck (\d+\.\d+\.\d+)(\S*)/.exec(printed.trim());
  const [, version, rest] = match ?? [];
  if (version === undefined) {
    return { kind: "other" };
  }
  return { kind: isBefore(version, least) ? "old" : "fine", version: version + (rest ?? "") };
}

function isBefore(version: string, least: string): boolean {
  const wanted = least.split(".").map(Number);
  for (const [at, part] of version.split(".").map(Number).entries()) {
    const difference = part - (wanted[at] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}
