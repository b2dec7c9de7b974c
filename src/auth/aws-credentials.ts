// Access keys for SigV4: the text of AWS's shared credentials file, or ID:SECRET pairs. Reading the file is the caller's.

/** Secret keys by access key id, from pairs such as `AKIDLOCAL:secret,AKIDOTHER:secret`; null where the text is no such list. */
export function credentialPairs(text: string): Map<string, string> | null {
  const pairs = text.split(',').map((pair) => /^([A-Za-z0-9_]{3,128}):(\S+)$/.exec(pair.trim()))
  return pairs.every((pair) => pair !== null) ? new Map(pairs.map((pair) => [pair![1]!, pair![2]!])) : null
}

/** The same from a file with `[profile]` sections; every profile's key is accepted. */
export function credentialsFile(text: string): Map<string, string> {
  const secrets = new Map<string, string>()
  let id: string | null = null
  let secret: string | null = null
  const keep = (): void => {
    if (id !== null && secret !== null) secrets.set(id, secret)
    id = secret = null
  }
  for (const line of text.split(/\r?\n/)) {
    const [name, value] = [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]
    if (line.trim().startsWith('[')) keep()
    else if (name === 'aws_access_key_id') id = value
    else if (name === 'aws_secret_access_key') secret = value
  }
  keep()
  return secrets
}
