import { MemoryStore } from '../../src/store/memory.ts';
import { conformance } from './conformance.ts';
import { Place } from './journal/place.ts';

conformance({
  name: 'memory',
  place: () => Promise.resolve(() => new MemoryStore()),
  forgets: 'keeps nothing over a restart, which is what --memory says',
});

conformance({
  name: 'journal',
  place: async (t) => {
    const place = await Place.make(t);
    return () => place.journal({});
  },
});

// A journal that is compacted all the time, from all that it was ever told.
conformance({
  name: 'journal, compacted after every batch',
  place: async (t) => {
    const place = await Place.make(t);
    return () => place.recording({ compactBytes: 1, compactRatio: 0 });
  },
});
