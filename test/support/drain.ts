import { type ManualStore, settled } from './manual-store.ts';

/** Makes every commit succeed until a change of many slices is done. Returns the sizes of the commits. */
export async function drain(store: ManualStore, change: Promise<unknown>): Promise<number[]> {
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
