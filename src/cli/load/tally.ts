/** The same failure at several places, told once. */
interface Failure {
  count: number
  /** The first places, as examples. */
  places: string[]
}

/** What a load did, counted as it goes. */
export class Tally {
  readonly started = performance.now()
  readonly stored = new Map<string, number>()
  readonly failures = new Map<string, Failure>()
  readonly leftOut = new Map<string, number>()
  files = 0
  /** Files that an earlier run had loaded completely, and the resources in them. */
  readonly earlier = { files: 0, resources: 0 }
  resources = 0
  failed = 0

  store(type: string) {
    this.resources++
    this.stored.set(type, (this.stored.get(type) ?? 0) + 1)
  }

  leave(name: string) {
    this.leftOut.set(name, (this.leftOut.get(name) ?? 0) + 1)
  }

  /** @param entries  how many resources the failure kept from being stored */
  fail(place: string, reason: string, entries = 1) {
    this.failed += entries
    const failure = this.failures.get(alike(reason)) ?? { count: 0, places: [] }
    failure.count += entries
    if (failure.places.length < 5) failure.places.push(place)
    this.failures.set(alike(reason), failure)
  }

  get seconds() {
    return (performance.now() - this.started) / 1000
  }

  /** The summary at the end of a load. */
  toString(): string {
    const lines = [
      `${count(this.resources, 'resource')} stored from ${count(this.files, 'file')} in ${this.seconds.toFixed(1)} s ` +
        `(${Math.round(this.resources / this.seconds).toLocaleString('en')}/s)`,
      ...byCount(this.stored).map(([type, number]) => `  ${number.toLocaleString('en').padStart(9)} ${type}`),
    ]
    if (this.earlier.files > 0) {
      lines.push(
        `${count(this.earlier.files, 'file')} with ${count(this.earlier.resources, 'resource')} skipped: ` +
          'loaded earlier (--restart loads again)',
      )
    }
    if (this.leftOut.size > 0) {
      lines.push('Not loaded:')
      lines.push(
        ...byCount(this.leftOut).map(([name, number]) => `  ${number.toLocaleString('en').padStart(9)} × ${name}`),
      )
    }
    if (this.failed > 0) {
      lines.push(`${count(this.failed, 'failure')}:`)
      for (const [reason, failure] of this.failures) {
        const more = failure.count > failure.places.length ? ', …' : ''
        lines.push(`  ${failure.count} × ${reason}`, `      ${failure.places.join(', ')}${more}`)
      }
    }
    return lines.join('\n')
  }
}

export const count = (number: number, noun: string) =>
  `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`

const byCount = (counts: Map<string, number>) => [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b))

/** The reason without what differs from one resource to the next, so that like failures meet. */
const alike = (reason: string) =>
  reason.replace(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/gi, '…').replace(/\[\d+\]/g, '[…]')
