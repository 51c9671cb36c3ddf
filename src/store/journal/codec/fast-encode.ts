import type { DomainEvent } from '../../families.ts';
import type { AllocationEvent } from './allocation-event.ts';

/** Text that JSON does not escape. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Members that every event of the fast form has, the type included. */
const REQUIRED_MEMBERS = 8;

/**
 * Writes events as JSON. Events of the form in allocation-event.ts, which fast-decode.ts reads, are put together from parts:
 * consecutive ones share most of their members, so only address, VM and host name are new. JSON.stringify writes the rest.
 */
export class FastEncoder {
  #network = '';
  #begin = '';
  #nic = '';
  #actor = '';
  #requestId = '';
  #at = 0;
  #time = '0';
  #end = '';

  /** An event as JSON; its members may be in another order than in the object. */
  encode(event: DomainEvent): string {
    if (!isAllocationEvent(event)) return JSON.stringify(event);
    const { network, ip, vm_id, nic, at, actor, request_id, hostname, requested } = event;
    if (!PLAIN.test(ip) || !PLAIN.test(vm_id) || (hostname !== undefined && !PLAIN.test(hostname))) {
      return JSON.stringify(event);
    }
    if (network !== this.#network || this.#begin === '') {
      this.#network = network;
      this.#begin = `{"type":"ip_allocated","network":${textOf(network)},"ip":"`;
    }
    if (at !== this.#at) {
      this.#at = at;
      this.#time = JSON.stringify(at);
      this.#end = '';
    }
    if (request_id !== this.#requestId || actor !== this.#actor || nic !== this.#nic || this.#end === '') {
      this.#nic = nic;
      this.#actor = actor;
      this.#requestId = request_id;
      this.#end = `","nic":${textOf(nic)},"at":${this.#time},"actor":${textOf(actor)},"request_id":${textOf(request_id)}`;
    }
    const text = `${this.#begin}${ip}","vm_id":"${vm_id}${this.#end}`;
    const named = hostname === undefined ? text : `${text},"hostname":"${hostname}"`;
    return requested ? `${named},"requested":true}` : `${named}}`;
  }
}

/** Whether an event has the required members of the fast form and no other than its optional ones. */
function isAllocationEvent(event: DomainEvent): event is AllocationEvent {
  if (event.type !== 'ip_allocated') return false;
  let required = 0;
  for (const name in event) {
    switch (name) {
      case 'type':
      case 'network':
      case 'ip':
      case 'vm_id':
      case 'nic':
      case 'at':
      case 'actor':
      case 'request_id':
        required++;
        break;
      case 'hostname':
      case 'requested':
        break;
      default:
        return false;
    }
  }
  return required === REQUIRED_MEMBERS;
}

function textOf(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
