import type { DomainEvent, Family, OfflineFamily } from '../../src/store/families.ts';

/** A note under a key; a later note under the same key is refused unless the first is removed. */
export interface NoteEvent extends DomainEvent {
  readonly type: 'note_added' | 'note_removed';
  readonly key: string;
  readonly text: string;
}

export function noted(key: string, text: string, facts: Partial<DomainEvent> = {}): NoteEvent {
  return { at: 1000, ...facts, type: 'note_added', key, text };
}

/** A second event family for tests: the smallest that has a state. */
export class NoteFamily implements Family<NoteEvent>, OfflineFamily<NoteEvent> {
  readonly name: string;
  readonly types: readonly NoteEvent['type'][];
  readonly notes = new Map<string, string>();

  constructor(name = 'notes', types: readonly string[] = ['note_added', 'note_removed']) {
    this.name = name;
    this.types = types as readonly NoteEvent['type'][];
  }

  get offline(): OfflineFamily<NoteEvent> {
    return this;
  }

  violation({ type, key }: NoteEvent): string | undefined {
    if (type === 'note_added') return this.notes.has(key) ? `note ${key} exists` : undefined;
    return this.notes.has(key) ? undefined : `note ${key} does not exist`;
  }

  apply({ type, key, text }: NoteEvent): void {
    if (type === 'note_added') this.notes.set(key, text);
    else this.notes.delete(key);
  }

  snapshot(): Iterable<NoteEvent> {
    return [...this.notes].map(([key, text]) => noted(key, text));
  }

  empty(): NoteFamily {
    return new NoteFamily(this.name, this.types);
  }

  isEmpty(): boolean {
    return this.notes.size === 0;
  }

  kindOf(): string {
    return 'notes';
  }

  afterReplay(event: NoteEvent): NoteEvent {
    return event;
  }

  afterMove(event: NoteEvent): NoteEvent {
    return event;
  }

  overrule(event: NoteEvent): void {
    this.apply(event);
  }

  export(): { notes: Iterable<object> } {
    return { notes: [...this.notes].map(([key, text]) => ({ key, text })) };
  }
}
