/** Who may come in, and what is theirs. */
export interface FtpAccount {
  readonly name: string;
  /** Null: anybody may say that name, with any password (RFC 1635). */
  readonly password: string | null;
  /** The directory that is `/` for them. */
  readonly root: string;
  readonly writable: boolean;
}

/** The account of this name; `ftp` is another name of `anonymous`. */
export function accountNamed(accounts: readonly FtpAccount[], name: string): FtpAccount | null {
  const known = name.toLowerCase() === 'ftp' || name.toLowerCase() === 'anonymous' ? 'anonymous' : name;
  return accounts.find((account) => account.name === known) ?? null;
}
