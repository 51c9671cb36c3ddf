import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * For the `skip` of a test that needs programs: which package to install when one is missing, else false.
 *
 * @param packages Debian package of each command
 * @throws Error that says so when CI is set: there nothing is skipped
 */
export function missingTools(packages: Readonly<Record<string, string>>): string | false {
  const missing = Object.keys(packages).filter((command) => pathOf(command) === undefined);
  if (missing.length === 0) return false;
  const names = [...new Set(missing.map((command) => packages[command]))];
  const remedy = `${missing.join(', ')} missing: apt-get install --no-install-recommends ${names.join(' ')}`;
  if (process.env.CI) throw new Error(remedy);
  return remedy;
}

/** Where a command is, as the shell would find it. */
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
