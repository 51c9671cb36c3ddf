/** The fields of an event that say what it is about. */
interface Subject {
  readonly type: string;
  readonly ip?: string;
  readonly end_ip?: string;
  readonly range?: string;
  readonly cidr?: string;
  readonly network?: string;
}

/** What an event is about: an address, a range, or a network; "" when it is about none of them. */
export function resourceOf({ ip, end_ip, range, cidr, network }: Subject): string {
  if (ip !== undefined) return end_ip === undefined || end_ip === '' ? ip : `${ip}-${end_ip}`;
  return range ?? cidr ?? network ?? '';
}
