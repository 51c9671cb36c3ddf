import { MemoryStore } from '../../src/store/memory.ts';
import { type AppOptions } from './app.ts';
import { startSite, V1 } from './site.ts';

/** A site with a history. Time passes between any two requests that change something. */
export async function startRemembering(options: AppOptions = {}) {
  const site = await startSite({ store: new MemoryStore(), ...options });
  /** Asks in the name of somebody. */
  const as = async (actor: string, path: string, body: object = {}) => {
    site.pass(1000);
    return site.api
      .post(V1 + path)
      .set('X-Actor', actor)
      .set('X-Request-Id', `${actor}-1`)
      .send(body);
  };
  return { ...site, as };
}

/** The moment some seconds after another. */
export const after = (at: number, seconds: number) => new Date(at + seconds * 1000).toISOString();
