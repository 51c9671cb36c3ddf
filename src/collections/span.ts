// Spans of offsets: sorted, not touching each other, both ends included.
//
//     space     |.......................................|
//     ranges       [---------------]      [-------]
//     blocked         [--]      [-----]
//     given        [-]    [----]          [-------]

export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** Sorts spans and joins those that overlap or touch. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const previous = joined.at(-1);
    if (previous && span.first <= previous.last + 1n) {
      if (span.last > previous.last) joined[joined.length - 1] = { first: previous.first, last: span.last };
    } else {
      joined.push(span);
    }
  }
  return joined;
}

/** What is in `spans` and not in `without`; both joined. */
export function subtractSpans(spans: readonly Span[], without: readonly Span[]): Span[] {
  const rest: Span[] = [];
  let i = 0;
  for (const { first, last } of spans) {
    let at = first;
    while (i < without.length && (without[i]?.last ?? 0n) < at) i++;
    for (let j = i; at <= last; j++) {
      const hole = without[j];
      if (!hole || hole.first > last) {
        rest.push({ first: at, last });
        break;
      }
      if (hole.first > at) rest.push({ first: at, last: hole.first - 1n });
      at = hole.last + 1n;
    }
  }
  return rest;
}

/** The parts of joined spans that lie between two offsets. */
export function* clipSpans(spans: readonly Span[], first: bigint, last: bigint): Generator<Span> {
  for (let i = indexFrom(spans, first); i < spans.length; i++) {
    const span = spans[i];
    if (!span || span.first > last) return;
    yield { first: span.first > first ? span.first : first, last: span.last < last ? span.last : last };
  }
}

/** The one of joined spans that includes an offset. */
export function spanAt(spans: readonly Span[], offset: bigint): Span | undefined {
  const span = spans[indexFrom(spans, offset)];
  return span && span.first <= offset ? span : undefined;
}

/** Index of the first of joined spans that ends at an offset or later. */
function indexFrom(spans: readonly Span[], offset: bigint): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.last ?? 0n) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
