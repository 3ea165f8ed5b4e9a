/**
 * Which contentcheck is run. Nothing of the editor is used here, so that the order can be tested: the setting, the
 * project, the PATH, and what the extension ships.
 */

import * as path from "node:path";

/** Where a program was found. */
export type Origin = "setting" | "project" | "path" | "bundled";

export interface Program {
  readonly path: string;
  readonly origin: Origin;
}

export type Found =
  | { readonly program: Program }
  /** The setting names what is not there. Nothing else is tried: whoever wrote it means that program. */
  | { readonly missing: "setting"; readonly path: string }
  | { readonly missing: "everywhere" };

/** What the search depends on. */
export interface Surroundings {
  /** `contentcheck.path`; empty where it is not set. */
  readonly setting: string;
  /** The folders of the workspace, in their order. */
  readonly folders: readonly string[];
  /** Whether the workspace is trusted. If not, no program that lies in it is run. */
  readonly trusted: boolean;
  readonly pathVariable: string;
  readonly home: string;
  /** Where the extension is installed. */
  readonly extension: string;
  readonly windows: boolean;
  readonly isProgram: (file: string) => boolean;
}

export function find(where: Surroundings): Found {
  const setting = where.setting.trim();
  if (setting !== "") {
    return named(setting, where);
  }
  for (const { files, origin } of places(where)) {
    const file = files.find(where.isProgram);
    if (file !== undefined) {
      return { program: { path: file, origin } };
    }
  }
  return { missing: "everywhere" };
}

function named(setting: string, where: Surroundings): Found {
  const files = expand(setting, where);
  const file = files.find(where.isProgram);
  if (file !== undefined && (where.trusted || !isInside(file, where))) {
    return { program: { path: file, origin: "setting" } };
  }
  return { missing: "setting", path: files[0] ?? setting };
}

/** The files that a setting may mean: one for each folder where it is relative or says `${workspaceFolder}`. */
function expand(setting: string, where: Surroundings): string[] {
  const paths = flavour(where);
  const homely = /^~(?=$|[\\/])/.test(setting) ? where.home + setting.slice(1) : setting;
  if (homely.includes("${workspaceFolder}")) {
    return where.folders.map((folder) => paths.normalize(homely.replaceAll("${workspaceFolder}", folder)));
  }
  if (paths.isAbsolute(homely)) {
    return [paths.normalize(homely)];
  }
  return where.folders.map((folder) => paths.join(folder, homely));
}

function places(where: Surroundings): { files: string[]; origin: Origin }[] {
  const paths = flavour(where);
  const name = where.windows ? "contentcheck.exe" : "contentcheck";
  const environment = where.windows ? [".venv", "Scripts"] : [".venv", "bin"];
  const project = where.folders.flatMap((folder) => [
    paths.join(folder, ...environment, name),
    paths.join(folder, "node_modules", ".bin", name),
  ]);
  // A relative entry means another program in each directory, and so one that a workspace may have put there.
  const onPath = where.pathVariable
    .split(paths.delimiter)
    .filter((directory) => paths.isAbsolute(directory))
    .map((directory) => paths.join(directory, name))
    .filter((file) => where.trusted || !isInside(file, where));
  return [
    { files: where.trusted ? project : [], origin: "project" },
    { files: onPath, origin: "path" },
    { files: [paths.join(where.extension, "bundled", name)], origin: "bundled" },
  ];
}

function isInside(file: string, where: Surroundings): boolean {
  const paths = flavour(where);
  return where.folders.some((folder) => {
    const relative = paths.relative(folder, file);
    return relative !== "" && relative.split(paths.sep)[0] !== ".." && !paths.isAbsolute(relative);
  });
}

function flavour(where: Surroundings): path.PlatformPath {
  return where.windows ? path.win32 : path.posix;
}
