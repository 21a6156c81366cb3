/**
 * Lets work through as long as its weights together stay under a limit; what is heavier than that goes alone.
 * First come, first served, so that nothing heavy waits for ever.
 */
export class Gate {
  private inside = 0
  private readonly waiting: { weight: number; enter: () => void }[] = []

  constructor(private readonly limit: number) {}

  async through<T>(weight: number, work: () => Promise<T>): Promise<T> {
    if (this.waiting.length > 0 || !this.fits(weight)) {
      await new Promise<void>((enter) => this.waiting.push({ weight, enter }))
    } else {
      this.inside += weight
    }
    try {
      return await work()
    } finally {
      this.inside -= weight
      this.admit()
    }
  }

  private fits(weight: number): boolean {
    return this.inside === 0 || this.inside + weight <= this.limit
  }

  private admit() {
    for (let next = this.waiting[0]; next && this.fits(next.weight); next = this.waiting[0]) {
      this.waiting.shift()
      this.inside += next.weight
      next.enter()
    }
  }
}
