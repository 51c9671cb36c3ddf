/** What one run of perfdhcp saw. */
export interface Exchanges {
  /** Leases a second. */
  readonly rate: number;
  readonly leases: number;
  /** Packets that nobody answered, DISCOVER or REQUEST. */
  readonly drops: number;
}

/** @param output of perfdhcp: a rate, and a block for each of the two exchanges of a lease */
export function parsePerfdhcp(output: string): Exchanges {
  const rate = Number(/^Rate: ([\d.e+]+) /m.exec(output)?.[1]);
  const block = (name: string) => {
    const [, text = ''] = output.split(`Statistics for: ${name}`);
    const number = (label: string) => Number(new RegExp(`^${label}: (\\d+)`, 'm').exec(text)?.[1]);
    return { received: number('received packets'), drops: number('drops') };
  };
  const [offers, acks] = [block('DISCOVER-OFFER'), block('REQUEST-ACK')];
  const drops = offers.drops + acks.drops;
  if ([rate, acks.received, drops].some(Number.isNaN)) throw new Error(`perfdhcp: ${output}`);
  return { rate, leases: acks.received, drops };
}
