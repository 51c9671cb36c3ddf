import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * For the `skip` of a test that needs programs: the packages to install, or false when nothing is missing.
 *
 * @param packages Debian package of each command
 * @throws Error with the same text when CI is set: no test is skipped there
 */
export function missingTools(packages: Readonly<Record<string, string>>): string | false {
  const missing = Object.keys(packages).filter((command) => pathOf(command) === undefined);
  if (missing.length === 0) return false;
  const names = [...new Set(missing.map((command) => packages[command]))];
  const remedy = `${missing.join(', ')} missing: apt-get install --no-install-recommends ${names.join(' ')}`;
  if (process.env.CI) throw new Error(remedy);
  return remedy;
}

/** The path of a command, resolved as the shell does. */
export function pathOf(command: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
