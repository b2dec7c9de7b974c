// Access keys for SigV4: the text of AWS's shared credentials file, or ID:SECRET pairs. Reading the file is the caller's.

export interface AccessKey {
  readonly secret: string
  /** What temporary credentials come with: requests must carry it. Null for a key that lasts, whose requests must carry none. */
  readonly sessionToken: string | null
}

/** Access keys by their ids, from pairs such as `AKIDLOCAL:secret,AKIDOTHER:secret`; null where the text is no such list. */
export function credentialPairs(text: string): Map<string, AccessKey> | null {
  const pairs = text.split(',').map((pair) => /^([A-Za-z0-9_]{3,128}):(\S+)$/.exec(pair.trim()))
  return pairs.every((pair) => pair !== null) ? new Map(pairs.map((pair) => [pair![1]!, { secret: pair![2]!, sessionToken: null }])) : null
}

/** The same from a file with `[profile]` sections; every profile's key is accepted. */
export function credentialsFile(text: string): Map<string, AccessKey> {
  const keys = new Map<string, AccessKey>()
  let profile = new Map<string, string>()
  const keep = (): void => {
    const [id, secret] = [profile.get('aws_access_key_id'), profile.get('aws_secret_access_key')]
    if (id !== undefined && secret !== undefined) keys.set(id, { secret, sessionToken: profile.get('aws_session_token') ?? null })
    profile = new Map()
  }
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf('=')
    if (line.trim().startsWith('[')) keep()
    else if (at > 0) profile.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
  }
  keep()
  return keys
}
