import { type ServiceError, status } from '@grpc/grpc-js';
import type { PoolError } from '../../errors.ts';
import { unavailable } from '../unavailable.ts';

/** A call to etcd that did not succeed. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  /** Name of the gRPC status, such as UNAVAILABLE. */
  readonly status: string;
  readonly endpoint: string;
  /** One of both certificates is not accepted, which no waiting mends. */
  readonly isDistrust: boolean;

  constructor(name: string, details: string, endpoint: string) {
    const remedy = DISTRUST.find(([pattern]) => pattern.test(details))?.[1];
    super(`etcd at ${endpoint}: ${remedy === undefined ? '' : `${remedy}: `}${details} (${name})`);
    this.stack = this.message; // an etcd that is away is no fault of the code that asked it
    this.status = name;
    this.endpoint = endpoint;
    this.isDistrust = remedy !== undefined;
  }

  static of(error: Partial<ServiceError>, endpoint: string): EtcdError {
    const name = status[error.code ?? status.UNKNOWN] as string | undefined;
    return new EtcdError(name ?? 'UNKNOWN', inShort(error.details ?? error.message ?? 'no reason'), endpoint);
  }

  /** Refused by what etcd holds or by what was asked, and certainly not carried out; another endpoint would say the same. */
  get isRefusal(): boolean {
    return REFUSALS.has(this.status);
  }

  /** The database has reached its quota: deletions go on, and nothing else. */
  get isFull(): boolean {
    return this.status === 'RESOURCE_EXHAUSTED' && this.message.includes('database space exceeded');
  }

  /** What was asked for is of a revision that etcd does not keep any more. */
  get isCompacted(): boolean {
    return this.status === 'OUT_OF_RANGE' && this.message.includes('compacted');
  }
}

/** What gRPC says, without what it says of itself. */
function inShort(details: string): string {
  return details
    .replace(/\s*Resolution note:.*$/s, '')
    .replace(/^No connection established\. Last error: (?:Error: )?/, 'no connection: ')
    .replace(/^Deadline exceeded after ([\d.]+s).*$/s, 'no answer within $1');
}

/** What Node and OpenSSL say of a handshake that failed, and what to do about it. */
const DISTRUST: readonly (readonly [RegExp, string])[] = [
  [/certificate (has expired|is not yet valid)/, 'renew its certificate, or set the clock of this machine'],
  [/does not match certificate's altnames/, 'its certificate has to name this host, or --etcd one that it names'],
  [
    /unable to (verify the first|get (local )?issuer) certificate|self[- ]signed certificate/,
    '--etcd-ca has to hold its authority',
  ],
  [/alert (bad certificate|unknown ca|certificate \w+)/, 'it asks for another --etcd-cert, of its authority and valid'],
];

const REFUSALS = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
]);

/** What was asked of etcd, or that it cannot be asked. @throws PoolError `store_unavailable` */
export async function available<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof EtcdError ? unavailable(error.message, error) : error;
  }
}

/** etcd never does by itself: an older copy of its data was put in their place, and this node holds what is lost there. */
export function goneBack(from: number, to: string): PoolError {
  return unavailable(`etcd has gone back from revision ${from} to ${to}, as by a backup: start anew`);
}
