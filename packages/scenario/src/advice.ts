/** Why a text cannot stand where it stands. */
export interface Advice {
  readonly message: string;
  readonly expected: string;
  readonly suggestion?: string;
}
