import type { DomainEvent } from '../../families.ts';

/**
 * The form of nearly every event in a large folder: one address goes to one VM. Only this form has a fast path in the
 * codec; every other event, of every family, takes the general one.
 */
export interface AllocationEvent extends DomainEvent {
  readonly type: 'ip_allocated';
  readonly network: string;
  readonly ip: string;
  readonly vm_id: string;
  readonly nic: string;
  readonly at: number;
  readonly actor: string;
  readonly request_id: string;
  readonly hostname?: string;
  readonly requested?: true;
}
