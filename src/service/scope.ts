/** Who sends a request, its id, and what it may see; an argument of every use case. */
export interface Scope {
  readonly actor: string;
  readonly requestId: string;
  /**
   * Ids of the networks that the caller may see and change; undefined: all networks. Ids, so that it also applies to the
   * history of a network that no longer exists.
   */
  readonly networks?: Pick<ReadonlySet<string>, 'has'> | undefined;
}
