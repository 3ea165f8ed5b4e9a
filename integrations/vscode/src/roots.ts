/** Which directories are releases, and which YAML files belong to one. */

import * as path from "node:path";

export const SETTINGS_FILE = "contentcheck.toml";

/** `contentcheck.yaml`. */
export type Yaml = "auto" | "always" | "never";

/**
 * The directories whose YAML files are handed to the server. With `auto` those are the ones that have a
 * `contentcheck.toml`; a folder that lies below one belongs to it as a whole.
 */
export function yamlRoots(
  mode: Yaml,
  folders: readonly string[],
  releases: readonly string[],
  exists: (file: string) => boolean,
): string[] {
  if (mode === "never") {
    return [];
  }
  const whole = folders.filter((folder) => mode === "always" || above(folder).some((it) => hasSettings(it, exists)));
  const within = (directory: string) => whole.some((folder) => isBelow(directory, folder));
  return [...whole, ...releases.filter((directory) => !within(directory))].sort();
}

/** The release that a file belongs to: the nearest directory with settings, or else its folder. */
export function releaseOf(file: string, folder: string, exists: (file: string) => boolean): string {
  return above(path.dirname(file)).find((directory) => hasSettings(directory, exists)) ?? folder;
}

function hasSettings(directory: string, exists: (file: string) => boolean): boolean {
  return exists(path.join(directory, SETTINGS_FILE));
}

/** A directory and those above it. */
function above(directory: string): string[] {
  const up = path.dirname(directory);
  return up === directory ? [directory] : [directory, ...above(up)];
}

function isBelow(directory: string, other: string): boolean {
  const relative = path.relative(other, directory);
  return relative === "" || !(relative.split(path.sep)[0] === ".." || path.isAbsolute(relative));
}
