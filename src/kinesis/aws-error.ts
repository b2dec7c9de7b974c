// A refusal in AWS's words: type, text and status. Thrown by operations, caught once, in door.ts.

/** What an operation refuses with. `type` is AWS's exception name as it stands in `__type`. */
export class AwsError extends Error {
  override name = 'AwsError'
  readonly type: string
  readonly status: number
  /** AWS spells the member `Message` in a SerializationException and `message` everywhere else. */
  readonly messageMember: 'message' | 'Message'
  /** For the person at the client, beside AWS's text. */
  hint: string | null = null

  constructor(type: string, message = '', status = 400, messageMember: 'message' | 'Message' = 'message') {
    super(message)
    this.type = type
    this.status = status
    this.messageMember = messageMember
  }

  /** The members of the error body; AWS leaves the text out where it has none. */
  body(): Record<string, string> {
    return this.message === '' ? { __type: this.type } : { __type: this.type, [this.messageMember]: this.message }
  }
}

export const serializationError = (message = ''): AwsError => new AwsError('SerializationException', message, 400, 'Message')
export const validationError = (message: string): AwsError => new AwsError('ValidationException', message)
export const invalidArgument = (message: string): AwsError => new AwsError('InvalidArgumentException', message)
export const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message)
export const inUse = (message: string): AwsError => new AwsError('ResourceInUseException', message)
export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceededException', message)
export const internalFailure = (message: string): AwsError => new AwsError('InternalFailure', message, 500)
