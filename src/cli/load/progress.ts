import type { Tally } from './tally.js'

/**
 * Shows how far a load is: a bar that is redrawn on a terminal, a line every few seconds elsewhere.
 *
 * @param done  the fraction that is done, 0 to 1
 * @returns stops showing it
 */
export function showProgress(out: NodeJS.WriteStream, tally: Tally, done: () => number): () => void {
  const draw = () => {
    const fraction = Math.min(1, done())
    const rate = Math.round(tally.resources / Math.max(tally.seconds, 0.001))
    const figures =
      `${Math.floor(fraction * 100)} %, ${tally.resources.toLocaleString('en')} resources, ` +
      `${rate.toLocaleString('en')}/s${tally.failed ? `, ${tally.failed.toLocaleString('en')} failed` : ''}`
    if (!out.isTTY) out.write(`${figures}\n`)
    else out.write(`\r\x1b[K${'█'.repeat(Math.round(fraction * 30)).padEnd(30, '░')} ${figures}`)
  }
  const timer = setInterval(draw, out.isTTY ? 100 : 5000)
  return () => {
    clearInterval(timer)
    if (out.isTTY) out.write('\r\x1b[K')
  }
}
