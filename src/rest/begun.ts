/**
 * A generator whose first piece was taken already. Not another generator around it: that would not pass on a `return()`
 * from before its own first piece, and the rows would wait for ever. What is wrong with the first piece can so be told
 * before the answer has begun.
 */
export function begun(first: IteratorResult<string>, pieces: AsyncGenerator<string>): AsyncGenerator<string> {
  let taken: typeof first | undefined = first
  return {
    next: async () => {
      const one = taken ?? (await pieces.next())
      taken = undefined
      return one
    },
    return: (value) => pieces.return(value),
    throw: (cause) => pieces.throw(cause),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
