/** A part of a text: characters, or the same as UTF-8. */
export type Part = string | Buffer
/** What `String()` makes a text of. */
export type Text = Part | Spliced

/**
 * A long text in parts, so that those which are bytes already are copied once, to where they are sent, and not
 * decoded, joined and encoded again. Wherever text is wanted it turns into it by itself.
 */
export class Spliced {
  constructor(private readonly parts: readonly Part[]) {}

  toString(): string {
    return this.parts.join('')
  }

  /** As UTF-8. */
  bytes(): Buffer {
    const [first] = this.parts
    if (this.parts.length === 1 && first instanceof Buffer) return first
    const merged: Part[] = []
    let text = ''
    for (const part of this.parts) {
      if (typeof part === 'string') {
        text += part
      } else {
        merged.push(text, part)
        text = ''
      }
    }
    merged.push(text)
    let size = 0
    for (const part of merged) size += Buffer.byteLength(part)
    const bytes = Buffer.allocUnsafe(size)
    let at = 0
    for (const part of merged) at += typeof part === 'string' ? bytes.write(part, at) : part.copy(bytes, at)
    return bytes
  }
}
