import type { Written } from '../store/write.js'
import { writeAnswer } from './answers.js'
import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'
import type { Checked } from './validation.js'

/** What is about to be written, and what there is to say of it; of a patch nobody knows before it is applied. */
export type Made = Partial<Pick<Checked, 'resource'>> & Pick<Checked, 'issues'>

/**
 * What came of a write, with all that there is to say of what was written.
 * @throws Unprocessable  it refers to what is not there (422)
 */
export async function answerOfWrite(
  { validation }: Core,
  exchange: Exchange,
  made: Made,
  writing: Promise<Written>,
): Promise<Answer> {
  return writeAnswer(await validation.stored(exchange, made, writing), exchange, made.issues)
}
