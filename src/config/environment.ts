// What variables mean. Who reads them hands them in: config.ts.

/** A variable that is set to nothing is not set. */
export function setIn(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

/** IPPOOL_URL and IPPOOL_SECONDS are the hook's; Kubernetes sets IPPOOL_SERVICE_… and IPPOOL_PORT_… for a service of this name. */
export function unknownVariables(env: NodeJS.ProcessEnv, settings: readonly { readonly name: string }[]): string[] {
  const known = new Set([
    'CONFIG',
    'URL',
    'SECONDS',
    'SERVER',
    ...settings.map(({ name }) => name.toUpperCase().replaceAll('-', '_')),
  ]);
  return Object.keys(env).filter(
    (name) => /^IPPOOL_(?!SERVICE_|PORT_)/.test(name) && !known.has(name.slice('IPPOOL_'.length)),
  );
}
