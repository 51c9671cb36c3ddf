/** Who sends a request, and its id; an argument of every use case. */
export interface Scope {
  readonly actor: string;
  readonly requestId: string;
}
