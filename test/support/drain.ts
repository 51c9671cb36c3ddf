import { type HeldStore, settled } from './manual-store.ts';

/** Lets every commit succeed until a change of many slices has ended. Returns the sizes of the commits. */
export async function drain(store: HeldStore, change: Promise<unknown>): Promise<number[]> {
  const sizes: number[] = [];
  const ended = { yet: false };
  const end = () => (ended.yet = true);
  change.then(end, end);
  while (!ended.yet) {
    await settled();
    const [commit] = store.commits;
    if (!commit) continue;
    sizes.push(commit.events.length);
    commit.succeed();
  }
  return sizes;
}
